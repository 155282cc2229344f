package pickle

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxProtocol is the newest protocol that this package reads.
const maxProtocol = 5

// mark is what MARK leaves on the stack.
type mark struct{}

// machine is the stack machine that a pickle is a program for.
type machine struct {
	data  []byte
	at    int // of the next byte
	stack []any
	memo  map[uint32]any
	env   Env
}

func errorf(format string, args ...any) error { return fmt.Errorf(format, args...) }

// Load returns the value of a pickle. Memory is bounded by a small multiple of the length of data: the value holds no copy
// of a part it refers to twice. A value may refer to itself; who walks it bounds the depth.
func Load(data []byte, env Env) (any, error) {
	m := &machine{data: data, memo: map[uint32]any{}, env: env}
	for {
		at := m.at
		code, err := m.byte()
		if err != nil {
			return nil, errorf("pickle: %w", err)
		}
		if code == opStop {
			break
		}
		op := opcodes[code]
		if op.run == nil {
			return nil, errorf("pickle: byte %d: opcode %s is not one that tensors are saved with", at, opcodeName(code))
		}
		if err := op.run(m); err != nil {
			return nil, errorf("pickle: byte %d: %s: %w", at, op.name, err)
		}
	}
	value, err := m.pop()
	if err != nil {
		return nil, errorf("pickle: STOP: %w", err)
	}
	if len(m.stack) > 0 {
		return nil, errorf("pickle: STOP: %d values are left over", len(m.stack))
	}
	return value, nil
}

func opcodeName(code byte) string {
	if name := refused[code]; name != "" {
		return name
	}
	return fmt.Sprintf("0x%02x", code)
}

func (m *machine) byte() (byte, error) {
	b, err := m.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// take returns the next n bytes of the program.
func (m *machine) take(n uint64) ([]byte, error) {
	if n > uint64(len(m.data)-m.at) {
		return nil, errorf("cut short: %d bytes wanted, %d are there", n, len(m.data)-m.at)
	}
	b := m.data[m.at : m.at+int(n)]
	m.at += int(n)
	return b, nil
}

// number reads an unsigned little-endian number of width bytes.
func (m *machine) number(width uint64) (uint64, error) {
	b, err := m.take(width)
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[:], b)
	return binary.LittleEndian.Uint64(wide[:]), nil
}

// counted reads a length of width bytes and as many bytes after it.
func (m *machine) counted(width uint64) ([]byte, error) {
	n, err := m.number(width)
	if err != nil {
		return nil, err
	}
	return m.take(n)
}

func (m *machine) text(width uint64) (string, error) {
	b, err := m.counted(width)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(b) {
		return "", errorf("a string is not UTF-8")
	}
	return string(b), nil
}

// line reads up to the end of the line.
func (m *machine) line() (string, error) {
	text := string(m.data[m.at:min(len(m.data), m.at+1024)])
	end := strings.IndexByte(text, '\n')
	if end < 0 {
		return "", errorf("cut short: a name has no end")
	}
	m.at += end + 1
	return text[:end], nil
}

func (m *machine) push(v any) error {
	m.stack = append(m.stack, v)
	return nil
}

// pop takes the topmost value; a mark is none.
func (m *machine) pop() (any, error) {
	v, err := m.top()
	if err == nil {
		m.stack = m.stack[:len(m.stack)-1]
	}
	return v, err
}

func (m *machine) top() (any, error) {
	if len(m.stack) == 0 {
		return nil, errorf("the stack is empty")
	}
	v := m.stack[len(m.stack)-1]
	if _, ok := v.(mark); ok {
		return nil, errorf("a value is missing after MARK")
	}
	return v, nil
}

// popMark takes everything above the topmost mark, and the mark.
func (m *machine) popMark() ([]any, error) {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if _, ok := m.stack[i].(mark); ok {
			items := append([]any(nil), m.stack[i+1:]...)
			m.stack = m.stack[:i]
			return items, nil
		}
	}
	return nil, errorf("there is no MARK")
}

func (m *machine) remember(index uint32) error {
	v, err := m.top()
	if err == nil {
		m.memo[index] = v
	}
	return err
}

func (m *machine) recall(index uint32) error {
	v, ok := m.memo[index]
	if !ok {
		return errorf("nothing was stored under %d", index)
	}
	return m.push(v)
}
