/* The header needs nothing before it, in C99 and in C++17. */
#include <joinly_storage.h>

int main(void) { return joinly_abi_version() == JOINLY_ABI_VERSION ? 0 : 1; }
