package torch

// #include "shim.h"
import "C"

// Autocast runs f with matrix products and convolutions in dtype (BFloat16 or Float16) on the given kind of device, as
// torch.autocast does; casts of weights are kept until f returns.
func Autocast(device Device, dtype DType, f func()) {
	C.mcl_autocast(C.int(device), 1, C.int(dtype))
	defer C.mcl_autocast(C.int(device), 0, C.int(dtype))
	f()
}
