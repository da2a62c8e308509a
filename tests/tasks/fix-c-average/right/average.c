#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    int sum = 0;
    for (int i = 1; i < argc; i++) {
        sum += atoi(argv[i]);
    }
    double average = (double)sum / (argc - 1);
    printf("%.2f\n", average);
    return 0;
}
