package embedding

import "encoding/binary"

// The few parts of the FlatBuffers encoding (google.github.io/flatbuffers/internals) that an Arrow schema needs. A table
// lists its fields by slot: nil where absent, an int8, bool, int16, int32 or int64, or a fbNode, which is stored behind the
// table and pointed at. Everything points forward, so one pass writes it.
type (
	fbTable  []any
	fbVector []fbNode
	fbString string
)

// fbNode is what an offset can point at.
type fbNode interface {
	append(b []byte) (grown []byte, position int)
}

// flatbuffer returns the encoding of a root table.
func flatbuffer(root fbTable) []byte {
	b, position := root.append(make([]byte, 4))
	binary.LittleEndian.PutUint32(b, uint32(position))
	return b
}

func (t fbTable) append(b []byte) ([]byte, int) {
	b = pad(b, 2)
	at := len(b)
	b = pad(append(b, make([]byte, 4+2*len(t))...), 8) // the vtable, zero: no field is there yet
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(start-at))
	children := map[int]fbNode{} // by slot
	places := make([]int, len(t))
	for slot, field := range t {
		if field == nil {
			continue
		}
		node, isNode := field.(fbNode)
		if isNode {
			children[slot] = node
			field = int32(0)
		}
		b = pad(b, binary.Size(field))
		places[slot] = len(b)
		binary.LittleEndian.PutUint16(b[at+4+2*slot:], uint16(len(b)-start))
		b, _ = binary.Append(b, binary.LittleEndian, field) // sizes are fixed: it cannot fail
	}
	binary.LittleEndian.PutUint16(b[at:], uint16(4+2*len(t)))
	binary.LittleEndian.PutUint16(b[at+2:], uint16(len(b)-start))
	for slot, place := range places {
		if node, ok := children[slot]; ok {
			b = point(b, place, node)
		}
	}
	return b, start
}

func (v fbVector) append(b []byte) ([]byte, int) {
	b = pad(b, 4)
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(v)))
	b = append(b, make([]byte, 4*len(v))...)
	for i, node := range v {
		b = point(b, start+4+4*i, node)
	}
	return b, start
}

func (s fbString) append(b []byte) ([]byte, int) {
	b = pad(b, 4)
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
	return append(append(b, s...), 0), start
}

// point appends node and writes its distance into the four bytes at place.
func point(b []byte, place int, node fbNode) []byte {
	b, position := node.append(b)
	binary.LittleEndian.PutUint32(b[place:], uint32(position-place))
	return b
}

// pad appends zeros up to a multiple of n.
func pad(b []byte, n int) []byte {
	for len(b)%n != 0 {
		b = append(b, 0)
	}
	return b
}
