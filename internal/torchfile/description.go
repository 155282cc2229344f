package torchfile

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/mclclip/mclclip/internal/pickle"
	"github.com/mclclip/mclclip/internal/safetensors"
)

// storages are the element types by the class that PyTorch saves them with.
var storages = map[pickle.Class]string{
	{Module: "torch", Name: "DoubleStorage"}: "F64", {Module: "torch", Name: "FloatStorage"}: "F32",
	{Module: "torch", Name: "HalfStorage"}: "F16", {Module: "torch", Name: "BFloat16Storage"}: "BF16",
	{Module: "torch", Name: "LongStorage"}: "I64", {Module: "torch", Name: "IntStorage"}: "I32", {Module: "torch", Name: "ShortStorage"}: "I16",
	{Module: "torch", Name: "CharStorage"}: "I8", {Module: "torch", Name: "ByteStorage"}: "U8", {Module: "torch", Name: "BoolStorage"}: "BOOL",
}

// calls are the functions that a description may call; each is done here, as far as it concerns tensors.
var calls = map[pickle.Class]func(args pickle.Tuple) (any, error){
	{Module: "collections", Name: "OrderedDict"}:            orderedDict,
	{Module: "torch._utils", Name: "_rebuild_tensor_v2"}:    rebuildTensor,
	{Module: "torch._utils", Name: "_rebuild_parameter"}:    first,
	{Module: "torch.jit._pickle", Name: "build_intlist"}:    first,
	{Module: "torch.jit._pickle", Name: "build_boollist"}:   first,
	{Module: "torch.jit._pickle", Name: "build_doublelist"}: first,
	{Module: "torch.jit._pickle", Name: "build_tensorlist"}: first,
	{Module: "torch.jit._pickle", Name: "restore_type_tag"}: first,
}

// scriptModules begins the names of the classes of a TorchScript archive; their instances are read as plain attributes.
const scriptModules = "__torch__"

// description turns data.pkl into values with tensors in them.
type description struct {
	archive  *archive
	storages map[string]*storage
}

func (d *description) read() (any, error) {
	text, err := d.archive.read("data.pkl", maxPickle)
	if err != nil {
		return nil, err
	}
	root, err := pickle.Load(text, pickle.Env{Allow: d.allow, Call: d.call, Persistent: d.storage})
	if err != nil {
		return nil, fmt.Errorf("%sdata.pkl: %w", d.archive.prefix, err)
	}
	return root, nil
}

func (d *description) scripted(c pickle.Class) bool {
	return d.archive.script && (c.Module == scriptModules || strings.HasPrefix(c.Module, scriptModules+"."))
}

func (d *description) allow(c pickle.Class) error {
	if calls[c] != nil || storages[c] != "" || d.scripted(c) {
		return nil
	}
	return fmt.Errorf("%s is nothing that weights are saved with, and is not run; save the state_dict alone: torch.save(model.state_dict(), path)", c)
}

func (d *description) call(c pickle.Class, args pickle.Tuple) (any, error) {
	if f := calls[c]; f != nil {
		value, err := f(args)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c, err)
		}
		return value, nil
	}
	if d.scripted(c) && len(args) == 0 {
		return &pickle.Object{Class: c}, nil
	}
	return nil, fmt.Errorf("%s is called with %d arguments", c, len(args))
}

func first(args pickle.Tuple) (any, error) {
	if len(args) == 0 {
		return nil, errors.New("no argument")
	}
	return args[0], nil
}

func orderedDict(args pickle.Tuple) (any, error) {
	if len(args) > 0 {
		return nil, fmt.Errorf("%d arguments, want none", len(args))
	}
	return pickle.NewDict(), nil
}

// rebuildTensor has the arguments storage, offset, shape, strides, and others that do not concern the values.
func rebuildTensor(args pickle.Tuple) (any, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("%d arguments, want at least 4", len(args))
	}
	s, ok := args[0].(*storage)
	if !ok {
		return nil, errors.New("the first argument is not a storage")
	}
	offset, ok := args[1].(int64)
	if !ok {
		return nil, errors.New("the offset is not a number")
	}
	shape, err := numbers(args[2])
	if err != nil {
		return nil, fmt.Errorf("shape: %w", err)
	}
	stride, err := numbers(args[3])
	if err != nil {
		return nil, fmt.Errorf("strides: %w", err)
	}
	return newTensor(s, offset, shape, stride)
}

func numbers(v any) ([]int64, error) {
	items, ok := v.(pickle.Tuple)
	if !ok {
		return nil, errors.New("not a tuple")
	}
	out := make([]int64, len(items))
	for i, item := range items {
		if out[i], ok = item.(int64); !ok {
			return nil, errors.New("not all are whole numbers")
		}
	}
	return out, nil
}

// storage resolves the persistent id ("storage", class, key, device, elements).
func (d *description) storage(id any) (any, error) {
	parts, _ := id.(pickle.Tuple)
	if len(parts) != 5 || parts[0] != any("storage") {
		return nil, errors.New("a persistent id is not that of a storage")
	}
	class, _ := parts[1].(pickle.Class)
	key, ok := parts[2].(string)
	elements, isNumber := parts[4].(int64)
	dtype := storages[class]
	if dtype == "" || !ok || !isNumber || elements < 0 {
		return nil, errors.New("a persistent id is not that of a storage with a class, a name and a length")
	}
	if s := d.storages[key]; s != nil && s.dtype == dtype && s.elements == elements {
		return s, nil
	}
	e, err := d.archive.span("data/" + key)
	if err != nil {
		return nil, err
	}
	width := int64(safetensors.Width(dtype))
	if elements > (e.end-e.begin)/width {
		return nil, fmt.Errorf("entry %q has %d bytes, %d elements of %s take more", e.name, e.end-e.begin, elements, dtype)
	}
	s := &storage{dtype: dtype, elements: elements, begin: e.begin}
	s.check = sync.OnceValue(func() error { return e.check(d.archive.reader, e.begin) })
	d.storages[key] = s
	return s, nil
}
