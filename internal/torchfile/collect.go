package torchfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mclclip/mclclip/internal/pickle"
)

// Bounds of a TorchScript module: one that contains itself is refused, and one that is small in the file and large when
// walked.
const (
	maxDepth   = 64
	maxTensors = 1 << 17
)

// collected are the tensors of a file by name.
type collected struct {
	names   []string
	tensors map[string]*tensor
	visited int
}

// collect finds the tensors of a state_dict, of a checkpoint that has one, or of a TorchScript module, in which they get the
// names that its state_dict would give them.
func collect(root any) ([]string, map[string]*tensor, error) {
	c := &collected{tensors: map[string]*tensor{}}
	switch root := root.(type) {
	case *pickle.Object:
		if err := c.module("", root, 0); err != nil {
			return nil, nil, err
		}
	case *pickle.Dict:
		dict := root
		if inner, ok := root.Get("state_dict").(*pickle.Dict); ok {
			dict = inner
		}
		c.dict("", dict)
		if len(c.names) == 0 {
			return nil, nil, fmt.Errorf("there are no weights under %s; want a state_dict, or a checkpoint that has one under state_dict", keys(root))
		}
	default:
		return nil, nil, fmt.Errorf("neither a state_dict nor a TorchScript module")
	}
	if len(c.names) == 0 {
		return nil, nil, fmt.Errorf("the TorchScript module has no weights")
	}
	return c.names, c.tensors, nil
}

// dict takes the tensors of a dict.
func (c *collected) dict(prefix string, d *pickle.Dict) {
	for _, key := range d.Keys {
		name, isName := key.(string)
		t, isTensor := d.Get(key).(*tensor)
		if !isName || !isTensor {
			continue
		}
		if c.tensors[prefix+name] == nil {
			c.names = append(c.names, prefix+name)
		}
		c.tensors[prefix+name] = t
	}
}

// module takes the tensors of a module and of those in it.
func (c *collected) module(prefix string, o *pickle.Object, depth int) error {
	attributes, ok := o.State.(*pickle.Dict)
	if !ok {
		return nil
	}
	c.visited += len(attributes.Keys) + 1
	if depth > maxDepth || c.visited > maxTensors {
		return fmt.Errorf("%s is nested too deep or too often", strings.TrimSuffix(prefix, "."))
	}
	c.dict(prefix, attributes)
	for _, key := range attributes.Keys {
		name, isName := key.(string)
		inner, isModule := attributes.Get(key).(*pickle.Object)
		if !isName || !isModule {
			continue
		}
		if err := c.module(prefix+name+".", inner, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// keys lists some keys of a dict for an error.
func keys(d *pickle.Dict) string {
	var names []string
	for _, key := range d.Keys[:min(len(d.Keys), 8)] {
		names = append(names, fmt.Sprintf("%.40q", fmt.Sprint(key)))
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "no key"
	}
	return strings.Join(names, ", ")
}
