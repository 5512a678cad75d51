// A checker: the numbers of one column of a result must add up to the number of rows of an input.
//
//   column-total RESULT COLUMN INPUT
//
// RESULT and INPUT are comma-separated with a header line (RFC 4180; fields without line breaks). Prints what it found; ends with 0 where the sum is right, with 1 where it is not,
// and with 2 where it cannot say. As a checker's its arguments stand in the custom section sojourn.arguments.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINE = 1 << 16 };

static char line[MAX_LINE];

// The field at an index of a line, or NULL; cuts the line.
static char *field(char *text, int index) {
  for (; index > 0; index--) {
    int quoted = 0;
    for (; *text && (quoted || *text != ','); text++) if (*text == '"') quoted = !quoted;
    if (!*text) return NULL;
    text++;
  }
  text[strcspn(text, ",\r\n")] = 0;
  return text;
}

static long rows(const char *path) {
  FILE *in = fopen(path, "r");
  if (!in || !fgets(line, sizeof line, in)) return -1;
  long count = 0;
  while (fgets(line, sizeof line, in)) count += line[0] != '\n' && line[0] != '\r';
  fclose(in);
  return count;
}

int main(int argc, char **argv) {
  if (argc != 4) return fputs("column-total RESULT COLUMN INPUT\n", stdout), 2;
  FILE *result = fopen(argv[1], "r");
  if (!result || !fgets(line, sizeof line, result)) return printf("cannot read %s\n", argv[1]), 2;
  int column = -1, count = 1;
  for (char *c = line; *c; c++) count += *c == ',';
  for (int i = 0; i < count && column < 0; i++) {
    static char copy[MAX_LINE];
    strcpy(copy, line);
    char *name = field(copy, i);
    if (name && !strcmp(name, argv[2])) column = i;
  }
  if (column < 0) return printf("no column is called %s\n", argv[2]), 2;
  double sum = 0;
  while (fgets(line, sizeof line, result)) {
    char *value = field(line, column);
    if (value) sum += strtod(value, NULL);
  }
  long wanted = rows(argv[3]);
  if (wanted < 0) return printf("cannot read %s\n", argv[3]), 2;
  printf("%s adds up to %.17g, rows: %ld\n", argv[2], sum, wanted);
  return sum == (double)wanted ? 0 : 1;
}
