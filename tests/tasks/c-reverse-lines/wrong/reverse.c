#include <stdio.h>
#include <string.h>

int main(void) {
    char line[1024];
    while (fgets(line, sizeof line, stdin)) {
        for (size_t left = strlen(line); left > 0; left--) {
            putchar(line[left - 1]);
        }
    }
    return 0;
}
