package main

import (
	"github.com/urfave/cli/v2"
	"os"
	"runtime/debug"

	"github.com/mclclip/mclclip/internal/torch"
)

// machineFlags are the flags of a command that computes.
type machineFlags struct {
	device  string
	threads int
	workers int
}

func (m *machineFlags) flags() []cli.Flag {
	return append(m.deviceFlags(),
		&cli.IntFlag{Name: "workers", Usage: "images that are decoded at once; 0: one a processor", Destination: &m.workers})
}

// deviceFlags are those of a command that decodes no images.
func (m *machineFlags) deviceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "device", Usage: "`cpu`, cuda or cuda:N", Value: "cpu", Destination: &m.device},
		&cli.IntFlag{Name: "threads", Usage: "threads of one operation on the CPU; 0 leaves it to libtorch", Destination: &m.threads},
	}
}

// mostThreads is what no machine can use; with many more the system ends the process.
const mostThreads = 1024

// apply sets the threads and finds the device.
func (m *machineFlags) apply() (torch.Device, error) {
	if m.threads < 0 || m.threads > mostThreads {
		return torch.CPU, usageErrorf("--threads %d: want 0 to %d", m.threads, mostThreads)
	}
	if m.workers < 0 || m.workers > mostThreads {
		return torch.CPU, usageErrorf("--workers %d: want 0 to %d", m.workers, mostThreads)
	}
	device, err := torch.ParseDevice(m.device)
	if err != nil {
		return device, &exitError{codeUsage, err}
	}
	if m.threads > 0 {
		torch.SetThreads(m.threads)
	}
	return device, nil
}

// manyRows are rows whose labels and clusters are most of what the program holds, at 4 bytes a row each.
const manyRows = 1 << 22

// spareMemory lets the heap grow by a third before it is collected where there are many rows. Go's default lets it double, which is 8 bytes a
// row; and to look at arrays without pointers costs next to nothing.
func spareMemory(rows int64) {
	if rows >= manyRows && os.Getenv("GOGC") == "" {
		debug.SetGCPercent(33)
	}
}
