package pickle

func tuple(m *machine) error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	return m.push(Tuple(items))
}

func tupleOf(m *machine, n int) error {
	items := make(Tuple, n)
	for i := n - 1; i >= 0; i-- {
		var err error
		if items[i], err = m.pop(); err != nil {
			return err
		}
	}
	return m.push(items)
}

// list returns the list on top.
func (m *machine) list() (*List, error) {
	v, err := m.top()
	if err != nil {
		return nil, err
	}
	list, ok := v.(*List)
	if !ok {
		return nil, errorf("got %s, want a list", kind(v))
	}
	return list, nil
}

// dict returns the dict on top.
func (m *machine) dict() (*Dict, error) {
	v, err := m.top()
	if err != nil {
		return nil, err
	}
	dict, ok := v.(*Dict)
	if !ok {
		return nil, errorf("got %s, want a dict", kind(v))
	}
	return dict, nil
}

func appendOne(m *machine) error {
	item, err := m.pop()
	if err != nil {
		return err
	}
	return m.extend([]any{item})
}

func appendMany(m *machine) error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	return m.extend(items)
}

func (m *machine) extend(items []any) error {
	list, err := m.list()
	if err != nil {
		return err
	}
	list.Items = append(list.Items, items...)
	return nil
}

func setOne(m *machine) error {
	value, err := m.pop()
	if err != nil {
		return err
	}
	key, err := m.pop()
	if err != nil {
		return err
	}
	return m.update([]any{key, value})
}

func setMany(m *machine) error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	return m.update(items)
}

// update puts keys and values, in turn, into the dict on top.
func (m *machine) update(items []any) error {
	dict, err := m.dict()
	if err != nil {
		return err
	}
	if len(items)%2 != 0 {
		return errorf("a key has no value")
	}
	for i := 0; i < len(items); i += 2 {
		if err := dict.set(items[i], items[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func global(m *machine) error {
	module, err := m.line()
	if err != nil {
		return err
	}
	name, err := m.line()
	if err != nil {
		return err
	}
	return m.pushClass(Class{module, name})
}

func stackGlobal(m *machine) error {
	name, err := m.pop()
	if err != nil {
		return err
	}
	module, err := m.pop()
	if err != nil {
		return err
	}
	c, ok := Class{}, false
	if c.Module, ok = module.(string); ok {
		c.Name, ok = name.(string)
	}
	if !ok {
		return errorf("a class is named by %s and %s", kind(module), kind(name))
	}
	return m.pushClass(c)
}

// pushClass asks whether the class is allowed before anything can be done with it.
func (m *machine) pushClass(c Class) error {
	if m.env.Allow == nil || m.env.Call == nil {
		return errorf("%s is not allowed", c)
	}
	if err := m.env.Allow(c); err != nil {
		return err
	}
	return m.push(c)
}

func call(m *machine) error {
	args, err := m.pop()
	if err != nil {
		return err
	}
	callee, err := m.pop()
	if err != nil {
		return err
	}
	class, ok := callee.(Class)
	if !ok {
		return errorf("%s is called", kind(callee))
	}
	list, ok := args.(Tuple)
	if !ok {
		return errorf("%s is called with %s, want a tuple", class, kind(args))
	}
	value, err := m.env.Call(class, list)
	if err != nil {
		return err
	}
	return m.push(value)
}

// build gives an object its state. Attributes of a dict (PyTorch's _metadata of a state_dict) are dropped.
func build(m *machine) error {
	state, err := m.pop()
	if err != nil {
		return err
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case *Object:
		v.State = state
	case *Dict:
	default:
		return errorf("%s has no state", kind(v))
	}
	return nil
}

func persistent(m *machine) error {
	id, err := m.pop()
	if err != nil {
		return err
	}
	if m.env.Persistent == nil {
		return errorf("there are no persistent objects here")
	}
	value, err := m.env.Persistent(id)
	if err != nil {
		return err
	}
	return m.push(value)
}
