package embedding

import (
	"encoding/base64"
	"encoding/binary"
)

// arrowKey is the footer key under which Arrow's readers look for the schema that the columns had. Parquet itself has no
// list of fixed size: without the key a reader gives a list of any size, which vector indexes refuse.
const arrowKey = "ARROW:schema"

// Numbers of Arrow's format/Schema.fbs and Message.fbs.
const (
	arrowVersion5      = int16(4)
	arrowSchemaMessage = int8(1)
	arrowInt           = int8(2)
	arrowFloatingPoint = int8(3)
	arrowUtf8          = int8(5)
	arrowFixedSizeList = int8(16)
	arrowHalf          = int16(0)
	arrowSingle        = int16(1)
)

// arrowSchema returns the value of arrowKey for the columns: an Arrow IPC message, in base64.
func arrowSchema(columns []column, m Meta) string {
	var fields fbVector
	for _, c := range columns {
		fields = append(fields, c.arrowField(m))
	}
	schema := fbTable{int16(0) /* little endian */, fields}
	message := pad(flatbuffer(fbTable{arrowVersion5, arrowSchemaMessage, schema, int64(0) /* no body */}), 8)
	framed := binary.LittleEndian.AppendUint32(nil, 0xffffffff)
	framed = binary.LittleEndian.AppendUint32(framed, uint32(len(message)))
	return base64.StdEncoding.EncodeToString(append(framed, message...))
}

func (c column) arrowField(m Meta) fbTable {
	switch c.kind {
	case textKind:
		return arrowField(c.name, arrowUtf8, fbTable{}, nil)
	case integerKind:
		return arrowField(c.name, arrowInt, fbTable{int32(64), true}, nil)
	}
	precision := arrowSingle
	if m.DType == Float16 {
		precision = arrowHalf
	}
	element := arrowField("element", arrowFloatingPoint, fbTable{precision}, nil)
	return arrowField(c.name, arrowFixedSizeList, fbTable{int32(m.Dim)}, fbVector{element})
}

// arrowField returns a Field that is never null. Readers want the vector of children even where there are none.
func arrowField(name string, typeNumber int8, typeTable fbTable, children fbVector) fbTable {
	return fbTable{fbString(name), false, typeNumber, typeTable, nil /* no dictionary */, children}
}
