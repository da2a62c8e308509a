#include <stdio.h>
#include "greeting.h"

int main(void) {
    printf("%s Ada\n", GREETING);
    return 0;
}
