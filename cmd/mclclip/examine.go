package main

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/mclclip/mclclip/data/emoji"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/vision/preprocess"
)

// examinations lists what doctor looks at, the most important first.
func examinations() []func(streams) []finding {
	return []func(streams) []finding{
		examineProgram, examineLibtorch, examineProducts, examineImages, examineEmoji, examineTerminal, examineDisk,
	}
}

func examineProgram(streams) []finding {
	value := fmt.Sprintf("%s, built with %s for %s/%s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	processors := fmt.Sprintf("%d for Go, %d for libtorch", runtime.GOMAXPROCS(0), torch.Threads())
	return []finding{{Name: "mclclip", OK: true, Needed: true, Value: value}, {Name: "threads", OK: true, Needed: true, Value: processors}}
}

func examineLibtorch(streams) []finding {
	abi := "old"
	if torch.NewABI() {
		abi = "new"
	}
	library := finding{Name: "libtorch", OK: true, Needed: true, Value: fmt.Sprintf("%s, %s C++ ABI, %s", torch.Version(), abi, torch.Library())}
	cuda := finding{Name: "CUDA"}
	n, err := torch.CUDADevices()
	switch {
	case err != nil:
		cuda.Value = err.Error()
		cuda.Cure = "for a GPU: pip install torch in a virtual environment, activate it, then make setup build"
	case n == 0:
		cuda.Value = "libtorch's CUDA half is loaded but sees no device"
		cuda.Cure = "see whether nvidia-smi lists a GPU, and whether CUDA_VISIBLE_DEVICES hides it"
	default:
		cuda.OK, cuda.Value = true, fmt.Sprintf("%d devices", n)
	}
	return []finding{library, cuda}
}

// examineProducts times a product of float32 matrices on the CPU and on each GPU.
func examineProducts(streams) []finding {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	found := []finding{timeProduct("cpu", torch.CPU, 1024)}
	n, err := torch.CUDADevices()
	if err != nil {
		return found
	}
	for i := range n {
		found = append(found, timeProduct(fmt.Sprintf("cuda:%d", i), torch.Device(i), 8192))
	}
	return found
}

// timeProduct multiplies two [size, size] matrices, once to warm up and thrice for the fastest time.
func timeProduct(name string, device torch.Device, size int64) finding {
	f := finding{Name: "product on " + name, Needed: device == torch.CPU}
	fastest, err := fastestProduct(device, size)
	if err != nil {
		f.Value = err.Error()
		f.Cure = "this libtorch does not fit the machine; point LIBTORCH at another one, then make setup build"
		return f
	}
	f.OK = true
	flops := 2 * float64(size) * float64(size) * float64(size) / fastest.Seconds()
	f.Value = fmt.Sprintf("%d x %d float32 in %.2f ms, %.0f GFLOP/s", size, size, fastest.Seconds()*1e3, flops/1e9)
	return f
}

func fastestProduct(device torch.Device, size int64) (fastest time.Duration, err error) {
	defer torch.Recover(&err)
	scope := torch.NewScope()
	defer scope.Close()
	a := torch.Zeros(scope, device, torch.Float32, size, size)
	for i := range 4 {
		start := time.Now()
		torch.Tidy(a, func(a *torch.Tensor) *torch.Tensor {
			product := a.MatMul(a)
			corner := product.Select(0, 0).Select(0, 0)
			corner.Item() // waits for a GPU
			return corner
		})
		if took := time.Since(start); i == 1 || i > 1 && took < fastest {
			fastest = took
		}
	}
	return fastest, nil
}

// examineImages looks for the libraries that decode images as fast and as exactly as Pillow.
func examineImages(streams) []finding {
	var found []finding
	for _, library := range preprocess.Libraries() {
		f := finding{Name: library.Name, OK: library.Err == nil, Value: library.Version + ", " + library.Path}
		if !f.OK {
			f.Value = fmt.Sprintf("%v; decoding in Go is used instead, with the same pixels but slower", library.Err)
			f.Cure = cmp.Or(cureOfVariable(preprocess.LibrariesVariable), "make setup")
		}
		found = append(found, f)
	}
	return found
}

// cureOfVariable tells to unset an environment variable that stands in the way.
func cureOfVariable(name string) string {
	if os.Getenv(name) == "" {
		return ""
	}
	return "unset " + name
}

// examineEmoji looks for the folders of the packages from which mclclip data emoji makes pairs.
func examineEmoji(streams) []finding {
	f := finding{Name: "emoji packages", Cure: "make emoji"}
	folder, err := emoji.DefaultPackages()
	if err != nil {
		f.Value = err.Error()
		return []finding{f}
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) < len(emoji.Sources) {
		f.Value = "not in " + folder
		return []finding{f}
	}
	return []finding{{Name: f.Name, OK: true, Value: folder}}
}

func examineTerminal(s streams) []finding {
	f := finding{Name: "terminal", Value: "standard error is no terminal: lines instead of a progress bar"}
	if file, ok := s.stderr.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		f.OK = true
		width, height, err := term.GetSize(int(file.Fd()))
		f.Value = fmt.Sprintf("%d x %d", width, height)
		if err != nil {
			f.Value = "size unknown"
		}
	}
	return []finding{f}
}

// examineDisk looks at the free space of the current folder, where runs usually go, and of the folder of temporary files.
func examineDisk(streams) []finding {
	return []finding{examineSpace("disk, here", "."), examineSpace("disk, temporary", os.TempDir())}
}

// checkpointSize is what one checkpoint of ViT-L-14 takes: 428 million weights and two moments of each as float32.
const checkpointSize = 428e6 * 3 * 4

func examineSpace(name, path string) finding {
	f := finding{Name: name}
	var stat unix.Statfs_t
	if err := unix.Statfs(path, &stat); err != nil {
		f.Value = fmt.Sprintf("%s: %v", path, err)
		return f
	}
	free := float64(stat.Bavail) * float64(stat.Bsize)
	f.Value = fmt.Sprintf("%.1f GB free", free/1e9)
	if f.OK = free > 2*checkpointSize; !f.OK {
		f.Cure = fmt.Sprintf("free some space: a checkpoint of ViT-L-14 takes %.1f GB, and two exist while one replaces the other", checkpointSize/1e9)
	}
	return f
}
