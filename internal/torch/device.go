package torch

// #include "shim.h"
import "C"

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unsafe"
)

// Version is the version of the libtorch that the headers came from.
func Version() string { return C.GoString(C.mcl_version()) }

// Library is the path of the libtorch_cpu that is loaded.
func Library() string { return C.GoString(C.mcl_library()) }

// NewABI reports whether libtorch was built with GCC's new std::string.
func NewABI() bool { return C.mcl_new_abi() != 0 }

// Seed sets the generator of every device.
func Seed(seed uint64) { C.mcl_seed(C.uint64_t(seed)) }

// Synchronize waits until a device has done what it was told to; a CPU always has.
func Synchronize(device Device) {
	check("synchronize", unsafe.Pointer(C.mcl_synchronize(C.int(device))))
}

// PeakMemory is the most bytes that tensors on a CUDA device have held at once; 0 for the CPU, and where libtorch is older than
// 2.11.
func PeakMemory(device Device) int64 {
	if device == CPU {
		return 0
	}
	var bytes C.int64_t
	check("peak memory", unsafe.Pointer(C.mcl_peak_memory(C.int(device), &bytes)))
	return int64(bytes)
}

// Threads returns how many threads an operation may use.
func Threads() int { return int(C.mcl_threads()) }

// SetThreads sets how many threads an operation may use; the results of the same build depend on it in the last bit.
func SetThreads(n int) { C.mcl_set_threads(C.int(n)) }

// CUDADevices loads the CUDA half of libtorch where it lies beside the other and returns the number of devices; the error
// says why there are none.
var CUDADevices = sync.OnceValues(func() (n int, err error) {
	defer Recover(&err)
	var devices C.int
	check("load CUDA", unsafe.Pointer(C.mcl_load_cuda(&devices)))
	return int(devices), nil
})

// ParseDevice reads "cpu", "cuda" or "cuda:N" and checks that the device is there.
func ParseDevice(name string) (Device, error) {
	if name == "cpu" {
		return CPU, nil
	}
	kind, index, numbered := strings.Cut(name, ":")
	n, err := strconv.Atoi(index)
	if !numbered {
		n, err = 0, nil
	}
	if kind != "cuda" || err != nil || n < 0 {
		return CPU, fmt.Errorf("--device %q: want cpu, cuda or cuda:N", name)
	}
	count, err := CUDADevices()
	if err != nil {
		return CPU, fmt.Errorf("--device %s: no CUDA here (%w); use --device cpu", name, err)
	}
	if n >= count {
		return CPU, fmt.Errorf("--device %s: there are %d CUDA devices; use --device cpu", name, count)
	}
	return Device(n), nil
}
