#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    unsigned long long number = strtoull(argv[1], NULL, 10);
    unsigned long steps = 0;
    for (; number > 1; steps++) {
        number = number % 2 ? 3 * number + 1 : number / 2;
    }
    printf("%lu\n", steps);
    return 0;
}
