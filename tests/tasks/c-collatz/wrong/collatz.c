#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    int number = atoi(argv[1]), steps = 0;
    while (number > 1) {
        number = number % 2 ? 3 * number + 1 : number / 2;
        steps++;
    }
    printf("%d\n", steps);
    return 0;
}
