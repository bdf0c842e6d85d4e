// The least that any call through ctypes can do.
int bench_empty(void) { return 0; }
