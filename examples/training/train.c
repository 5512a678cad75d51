// A training step: logistic regression by full-batch gradient descent over a table of private records.
//
//   train TABLE MODEL TARGET=VALUE FEATURE…
//
// TABLE is comma-separated values with a header line. The model predicts whether column TARGET has VALUE from numeric columns; it is written as text, a line each: the
// bias, then each feature with its mean, its scale and its weight, then accuracy and loss over the table. Everything is a fixed number of steps in a fixed order, so that
// every executor gets the same model to the last digit.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEATURES_MAX = 16, LINE_MAX_BYTES = 65536, STEPS = 500 };
static const double RATE = 0.5, DECAY = 1e-4;

static char line[LINE_MAX_BYTES];
static double *rows;
static unsigned char *labels;
static size_t count, room;

static int fail(const char *what) { fprintf(stderr, "train: %s\n", what); return 1; }

static int split(char *text, char **fields, int most) {
  int n = 0;
  text[strcspn(text, "\r\n")] = 0;
  for (char *p = text; n < most; p++) {
    fields[n++] = p;
    p += strcspn(p, ",");
    if (!*p) break;
    *p = 0;
  }
  return n;
}

int main(int argc, char **argv) {
  if (argc < 5 || argc > 4 + FEATURES_MAX) return fail("usage: TABLE MODEL TARGET=VALUE FEATURE…");
  int features = argc - 4, column[FEATURES_MAX], target = -1, columns;
  char *equals = strchr(argv[3], '='), *fields[256];
  FILE *in = fopen(argv[1], "rb");
  if (!equals || !in || !fgets(line, sizeof line, in)) return fail("the table cannot be read, or the target is not NAME=VALUE");
  *equals = 0;
  columns = split(line, fields, 256);
  for (int c = 0; c < columns; c++) if (!strcmp(fields[c], argv[3])) target = c;
  for (int f = 0; f < features; f++) {
    column[f] = -1;
    for (int c = 0; c < columns; c++) if (!strcmp(fields[c], argv[4 + f])) column[f] = c;
    if (column[f] < 0 || target < 0) return fail("a column is not in the header");
  }

  while (fgets(line, sizeof line, in)) {
    if (split(line, fields, 256) != columns) continue;
    if (count == room) {
      room = room ? 2 * room : 1024;
      rows = realloc(rows, room * features * sizeof *rows);
      labels = realloc(labels, room);
      if (!rows || !labels) return fail("the table does not fit into memory");
    }
    for (int f = 0; f < features; f++) rows[count * features + f] = strtod(fields[column[f]], NULL);
    labels[count++] = !strcmp(fields[target], equals + 1);
  }
  if (count < 2) return fail("the table has too few rows");

  double mean[FEATURES_MAX] = {0}, scale[FEATURES_MAX] = {0}, weight[FEATURES_MAX] = {0}, bias = 0, loss = 0;
  for (size_t r = 0; r < count; r++) for (int f = 0; f < features; f++) mean[f] += rows[r * features + f] / count;
  for (size_t r = 0; r < count; r++) for (int f = 0; f < features; f++) scale[f] += (rows[r * features + f] - mean[f]) * (rows[r * features + f] - mean[f]) / count;
  for (int f = 0; f < features; f++) scale[f] = scale[f] > 0 ? sqrt(scale[f]) : 1;
  for (size_t r = 0; r < count; r++) for (int f = 0; f < features; f++) rows[r * features + f] = (rows[r * features + f] - mean[f]) / scale[f];

  size_t right = 0;
  for (int step = 0; step <= STEPS; step++) {
    double gradient[FEATURES_MAX] = {0}, slope = 0;
    loss = 0, right = 0;
    for (size_t r = 0; r < count; r++) {
      double z = bias;
      for (int f = 0; f < features; f++) z += weight[f] * rows[r * features + f];
      double p = 1 / (1 + exp(-z)), error = p - labels[r];
      loss -= log(labels[r] ? p + 1e-12 : 1 - p + 1e-12) / count;
      right += (p > 0.5) == labels[r];
      slope += error / count;
      for (int f = 0; f < features; f++) gradient[f] += error * rows[r * features + f] / count;
    }
    if (step == STEPS) break;
    bias -= RATE * slope;
    for (int f = 0; f < features; f++) weight[f] -= RATE * (gradient[f] + DECAY * weight[f]);
  }

  FILE *out = fopen(argv[2], "wb");
  if (!out) return fail("the model cannot be written");
  fprintf(out, "bias %.9g\n", bias);
  for (int f = 0; f < features; f++) fprintf(out, "%s mean %.9g scale %.9g weight %.9g\n", argv[4 + f], mean[f], scale[f], weight[f]);
  fprintf(out, "rows %zu accuracy %.6f loss %.6f\n", count, (double)right / count, loss);
  return fclose(out) ? fail("the model cannot be written") : 0;
}
