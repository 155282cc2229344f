package main

import (
	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/internal/torch"
)

// machineFlags are the flags of a command that computes.
type machineFlags struct {
	device  string
	threads int
	workers int
}

func (m *machineFlags) flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "device", Usage: "`cpu`, cuda or cuda:N", Value: "cpu", Destination: &m.device},
		&cli.IntFlag{Name: "threads", Usage: "threads of one operation on the CPU; 0 leaves it to libtorch", Destination: &m.threads},
		&cli.IntFlag{Name: "workers", Usage: "images that are decoded at once; 0: one a processor", Destination: &m.workers},
	}
}

// apply sets the threads and finds the device.
func (m *machineFlags) apply() (torch.Device, error) {
	if m.threads < 0 {
		return torch.CPU, usageErrorf("--threads %d: want at least 0", m.threads)
	}
	if m.workers < 0 {
		return torch.CPU, usageErrorf("--workers %d: want at least 0", m.workers)
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
