// Hides the rows of the table of presets that lack one of the words typed.
document.addEventListener("DOMContentLoaded", () => {
  const field = document.getElementById("card-filter");
  if (!field) return;
  const rows = [...document.querySelectorAll("table tbody tr")];
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.classList.toggle("hidden", !words.every((word) => text.includes(word)));
    }
  });
});
