// Threads of libgomp, with which libtorch computes in parallel, wait for work by spinning unless told otherwise. A program beside
// this one that does the same then slows both down ten times and more; on an idle machine sleeping costs nothing that could be
// measured. libgomp reads its settings when it is loaded, so this must come before: what is in .preinit_array runs before
// the constructors of all libraries. What the user has set stays.
#ifdef __ELF__
#include <stdlib.h>

static void wait_by_sleeping(void) {
  if (!getenv("GOMP_SPINCOUNT")) setenv("OMP_WAIT_POLICY", "PASSIVE", 0);
}

__attribute__((section(".preinit_array"), used)) static void (*const before_libraries)(void) = wait_by_sleeping;
#endif
