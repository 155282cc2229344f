package pickle

import (
	"encoding/binary"
	"math"
)

const opStop = '.'

// opcode is one instruction.
type opcode struct {
	name string
	run  func(*machine) error
}

// refused names opcodes that this package knows and does not run, for the error's sake.
var refused = map[byte]string{
	'i': "INST", 'o': "OBJ", 'P': "PERSID", 'I': "INT", 'L': "LONG", 'F': "FLOAT", 'S': "STRING", 'V': "UNICODE", 'p': "PUT", 'g': "GET",
	'd': "DICT", 'l': "LIST", '2': "DUP", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x8b: "LONG4", 0x8f: "EMPTY_SET", 0x90: "ADDITEMS",
	0x91: "FROZENSET", 0x92: "NEWOBJ_EX", 0x96: "BYTEARRAY8", 0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
}

var opcodes = [256]opcode{
	0x80: {"PROTO", protocol},
	0x95: {"FRAME", func(m *machine) error { _, err := m.take(8); return err }},
	'(':  {"MARK", func(m *machine) error { return m.push(mark{}) }},
	'0':  {"POP", func(m *machine) error { _, err := m.pop(); return err }},

	'N':  {"NONE", func(m *machine) error { return m.push(nil) }},
	0x88: {"NEWTRUE", func(m *machine) error { return m.push(true) }},
	0x89: {"NEWFALSE", func(m *machine) error { return m.push(false) }},
	'K':  {"BININT1", func(m *machine) error { return pushNumber(m, 1) }},
	'M':  {"BININT2", func(m *machine) error { return pushNumber(m, 2) }},
	'J':  {"BININT", binInt},
	0x8a: {"LONG1", long1},
	'G':  {"BINFLOAT", binFloat},

	'X':  {"BINUNICODE", func(m *machine) error { return pushText(m, 4) }},
	0x8c: {"SHORT_BINUNICODE", func(m *machine) error { return pushText(m, 1) }},
	0x8d: {"BINUNICODE8", func(m *machine) error { return pushText(m, 8) }},
	'T':  {"BINSTRING", func(m *machine) error { return pushText(m, 4) }},
	'U':  {"SHORT_BINSTRING", func(m *machine) error { return pushText(m, 1) }},
	'B':  {"BINBYTES", func(m *machine) error { return pushBytes(m, 4) }},
	'C':  {"SHORT_BINBYTES", func(m *machine) error { return pushBytes(m, 1) }},

	')':  {"EMPTY_TUPLE", func(m *machine) error { return m.push(Tuple{}) }},
	'}':  {"EMPTY_DICT", func(m *machine) error { return m.push(NewDict()) }},
	']':  {"EMPTY_LIST", func(m *machine) error { return m.push(&List{}) }},
	't':  {"TUPLE", tuple},
	0x85: {"TUPLE1", func(m *machine) error { return tupleOf(m, 1) }},
	0x86: {"TUPLE2", func(m *machine) error { return tupleOf(m, 2) }},
	0x87: {"TUPLE3", func(m *machine) error { return tupleOf(m, 3) }},
	'a':  {"APPEND", appendOne},
	'e':  {"APPENDS", appendMany},
	's':  {"SETITEM", setOne},
	'u':  {"SETITEMS", setMany},

	'q':  {"BINPUT", func(m *machine) error { return memo(m, 1, m.remember) }},
	'r':  {"LONG_BINPUT", func(m *machine) error { return memo(m, 4, m.remember) }},
	0x94: {"MEMOIZE", func(m *machine) error { return m.remember(uint32(len(m.memo))) }},
	'h':  {"BINGET", func(m *machine) error { return memo(m, 1, m.recall) }},
	'j':  {"LONG_BINGET", func(m *machine) error { return memo(m, 4, m.recall) }},

	'c':  {"GLOBAL", global},
	0x93: {"STACK_GLOBAL", stackGlobal},
	'R':  {"REDUCE", call},
	0x81: {"NEWOBJ", call},
	'b':  {"BUILD", build},
	'Q':  {"BINPERSID", persistent},
}

func protocol(m *machine) error {
	version, err := m.byte()
	if err == nil && version > maxProtocol {
		return errorf("protocol %d, at most %d is known", version, maxProtocol)
	}
	return err
}

func pushNumber(m *machine, width uint64) error {
	n, err := m.number(width)
	if err != nil {
		return err
	}
	return m.push(int64(n))
}

func binInt(m *machine) error {
	n, err := m.number(4)
	if err != nil {
		return err
	}
	return m.push(int64(int32(uint32(n))))
}

// long1 reads a number in two's complement.
func long1(m *machine) error {
	b, err := m.counted(1)
	if err != nil {
		return err
	}
	if len(b) > 8 {
		return errorf("a number of %d bytes, at most 8 are allowed", len(b))
	}
	n := int64(0)
	for i := len(b) - 1; i >= 0; i-- {
		n = n<<8 | int64(b[i])
	}
	if len(b) > 0 {
		unused := 64 - 8*len(b)
		n = n << unused >> unused
	}
	return m.push(n)
}

func binFloat(m *machine) error {
	b, err := m.take(8)
	if err != nil {
		return err
	}
	return m.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
}

func pushText(m *machine, width uint64) error {
	text, err := m.text(width)
	if err != nil {
		return err
	}
	return m.push(text)
}

func pushBytes(m *machine, width uint64) error {
	b, err := m.counted(width)
	if err != nil {
		return err
	}
	return m.push(b)
}

// memo reads an index of width bytes and uses it.
func memo(m *machine, width uint64, use func(uint32) error) error {
	index, err := m.number(width)
	if err != nil {
		return err
	}
	return use(uint32(index))
}
