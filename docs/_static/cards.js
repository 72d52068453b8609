// Puts filters above the table of presets, and hides the rows that do not fit them.
// Without this script the page is a plain table with all rows.
document.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("card-filters");
  const table = document.querySelector("article table");
  if (!place || !table) return;
  const rows = [...table.tBodies[0].rows];
  const columns = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const tests = [];
  const count = document.createElement("output");

  function filter() {
    for (const row of rows) row.hidden = !tests.every((fits) => fits(row));
    const left = rows.filter((row) => !row.hidden).length;
    count.textContent = `${left} of ${rows.length}`;
  }

  function add(field, fits) {
    field.addEventListener("input", filter);
    tests.push((row) => !field.value || fits(row, field.value));
    place.append(field);
  }

  function select(name, options, fits) {
    const field = document.createElement("select");
    field.setAttribute("aria-label", name);
    field.add(new Option(name, ""));
    for (const [text, value] of options) field.add(new Option(text, value));
    add(field, fits);
  }

  // "295 k" and "11.2 M" as numbers; what is no number, as published weights, is none.
  function number(text) {
    const [, digits, unit] = text.match(/^([\d.]+)\s*([kM]?)(?:,|$)/) || [];
    return digits ? digits * { "": 1, k: 1e3, M: 1e6 }[unit] : NaN;
  }

  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = "BERT, digits, CIFAR …";
  field.setAttribute("aria-label", "words");
  add(field, (row, words) =>
    words.toLowerCase().split(/\s+/)
      .every((word) => row.textContent.toLowerCase().includes(word)));

  const text = (row, column) => row.cells[columns.indexOf(column)].textContent.trim();
  for (const column of ["data", "family", "verdict"]) {
    const values = [...new Set(rows.map((row) => text(row, column)))].sort();
    select(column, values.map((value) => [value || "not measured", value || "none"]),
      (row, value) => (text(row, column) || "none") === value);
  }
  const limits = {
    parameters: [["up to 100 k", 1e5], ["up to 1 M", 1e6], ["up to 20 M", 2e7]],
    minutes: [["up to 1 min", 1], ["up to 5 min", 5], ["up to 20 min", 20]],
  };
  for (const [column, options] of Object.entries(limits))
    select(column, options, (row, most) => number(text(row, column)) <= most);

  place.append(count);
  filter();
});
