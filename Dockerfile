# The two commands of README.md in a container:
#   docker build -t kerassl .
#   docker run --rm -v "$PWD/runs:/work/runs" kerassl
# Other commands go behind the name: docker run --rm kerassl list
FROM python:3.11-slim

WORKDIR /kerassl
COPY . .
RUN pip install .

WORKDIR /work
ENTRYPOINT ["kerassl"]
CMD ["pretrain", "simclr_digits"]
