/* Arguments, environment, standard input and an exit code. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv) {
    for (int i = 0; i < argc; i++) printf("argument %d: %s\n", i, argv[i]);
    for (char **v = environ; *v; v++) printf("variable: %s\n", *v);
    char line[100];
    int lines = 0;
    while (fgets(line, sizeof line, stdin)) {
        lines++;
        fprintf(stderr, "%zu\n", strlen(line));
    }
    printf("%d lines, end of input %d\n", lines, feof(stdin) != 0);
    char *big = malloc(200000);
    memset(big, 'z', 200000);
    printf("%d\n", (int)fwrite(big, 1, 200000, stdout));
    if (argc > 1 && !strcmp(argv[1], "abort")) abort();
    if (argc > 1 && !strcmp(argv[1], "quick")) _Exit(9);
    exit(argc > 1 ? atoi(argv[1]) : 0);
}
