package pickle

import (
	"strconv"
	"strings"
	"unicode"
)

// Tuple is a tuple.
type Tuple []any

// List is a list.
type List struct{ Items []any }

// Dict is a dict in the order of insertion. Keys are nil, bool, int64, float64 or string: what else Python allows cannot
// come up in what tensors are saved under.
type Dict struct {
	Keys   []any
	Values map[any]any
}

// NewDict returns an empty dict.
func NewDict() *Dict { return &Dict{Values: map[any]any{}} }

// Get returns the value under a key, nil if there is none.
func (d *Dict) Get(key any) any { return d.Values[key] }

func (d *Dict) set(key, value any) error {
	switch key.(type) {
	case nil, bool, int64, float64, string:
	default:
		return errorf("a dict key is %s", kind(key))
	}
	if _, ok := d.Values[key]; !ok {
		d.Keys = append(d.Keys, key)
	}
	d.Values[key] = value
	return nil
}

// Class names a class or function that the pickle refers to.
type Class struct{ Module, Name string }

// String is the name as Python would write it, quoted where it is no name that Python could have.
func (c Class) String() string {
	name := c.Module + "." + c.Name
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

// Object is an instance of a class that Env let pass without a meaning of its own.
type Object struct {
	Class Class
	State any // what BUILD gave it, nil before
}

// Env gives meaning to what goes beyond plain values. A nil function allows nothing.
type Env struct {
	// Allow refuses a class by an error, as soon as the pickle names it.
	Allow func(class Class) error
	// Call returns the value of class(args...), for REDUCE and NEWOBJ.
	Call func(class Class, args Tuple) (any, error)
	// Persistent returns what a persistent id stands for.
	Persistent func(id any) (any, error)
}

func kind(v any) string {
	switch v.(type) {
	case nil:
		return "None"
	case bool:
		return "a bool"
	case int64:
		return "an int"
	case float64:
		return "a float"
	case string:
		return "a string"
	case []byte:
		return "bytes"
	case Tuple:
		return "a tuple"
	case *List:
		return "a list"
	case *Dict:
		return "a dict"
	case *Object:
		return "an object"
	case Class:
		return "a class"
	case mark:
		return "a mark"
	}
	return "a value of the caller"
}
