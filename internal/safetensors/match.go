package safetensors

import (
	"fmt"
	"slices"
	"strings"
)

// maxFaults bounds how many faults an error lists; a file of another model differs in hundreds of tensors.
const maxFaults = 4

// joinFaults makes one error of several, in one line, or nil of none.
func joinFaults(faults []error) error {
	if len(faults) == 0 {
		return nil
	}
	if len(faults) == 1 {
		return faults[0]
	}
	var list []string
	for _, fault := range faults[:min(len(faults), maxFaults)] {
		list = append(list, fault.Error())
	}
	if more := len(faults) - maxFaults; more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("%d faults: %s", len(faults), strings.Join(list, "; "))
}

// Match checks that the file holds exactly the wanted tensors, in any order and any dtype, each with the wanted shape
// (Data is not looked at; an empty wanted DType accepts any). The error lists what is missing, what has another shape or
// dtype, and what is not wanted.
func (f *File) Match(want []Tensor) error {
	var faults []error
	wanted := make(map[string]bool, len(want))
	for _, tensor := range want {
		wanted[tensor.Name] = true
		info, ok := f.infos[tensor.Name]
		switch {
		case !ok:
			faults = append(faults, fmt.Errorf("missing: %s %v", tensor.Name, tensor.Shape))
		case !slices.Equal(info.Shape, tensor.Shape):
			faults = append(faults, fmt.Errorf("another shape: %s is %v, want %v", tensor.Name, info.Shape, tensor.Shape))
		case tensor.DType != "" && tensor.DType != info.DType:
			faults = append(faults, fmt.Errorf("another dtype: %s is %s, want %s", tensor.Name, info.DType, tensor.DType))
		}
	}
	for _, name := range f.names {
		if !wanted[name] {
			faults = append(faults, fmt.Errorf("not wanted: %s %v", name, f.infos[name].Shape))
		}
	}
	if err := joinFaults(faults); err != nil {
		return f.wrap(err)
	}
	return nil
}
