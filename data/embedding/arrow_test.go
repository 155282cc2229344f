package embedding

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
)

// fbView reads a table of a FlatBuffer, by the format's description.
type fbView struct {
	b  []byte
	at int
}

// field returns the place of a slot's value, or 0 if it is absent.
func (v fbView) field(slot int) int {
	vtable := v.at - int(int32(binary.LittleEndian.Uint32(v.b[v.at:])))
	if 4+2*slot >= int(binary.LittleEndian.Uint16(v.b[vtable:])) {
		return 0
	}
	if offset := int(binary.LittleEndian.Uint16(v.b[vtable+4+2*slot:])); offset > 0 {
		return v.at + offset
	}
	return 0
}

// number reads a little-endian number of size bytes, 0 if it is absent.
func (v fbView) number(slot, size int) (n int) {
	if place := v.field(slot); place > 0 {
		for i := range size {
			n |= int(v.b[place+i]) << (8 * i)
		}
	}
	return n
}

func (v fbView) follow(place int) int {
	return place + int(binary.LittleEndian.Uint32(v.b[place:]))
}

func (v fbView) table(slot int) fbView { return fbView{v.b, v.follow(v.field(slot))} }

func (v fbView) text(slot int) string {
	at := v.follow(v.field(slot))
	return string(v.b[at+4 : at+4+int(binary.LittleEndian.Uint32(v.b[at:]))])
}

func (v fbView) tables(slot int) (tables []fbView) {
	at := v.follow(v.field(slot))
	for i := range int(binary.LittleEndian.Uint32(v.b[at:])) {
		tables = append(tables, fbView{v.b, v.follow(at + 4 + 4*i)})
	}
	return tables
}

// describe returns a line for each field of an Arrow schema message.
func describe(t *testing.T, encoded string) (lines []string) {
	t.Helper()
	framed, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	size := int(binary.LittleEndian.Uint32(framed[4:]))
	if binary.LittleEndian.Uint32(framed) != 0xffffffff || size%8 != 0 || len(framed) != 8+size {
		t.Fatalf("the frame says %d bytes of %d", size, len(framed))
	}
	b := framed[8:]
	message := fbView{b, int(binary.LittleEndian.Uint32(b))}
	schema := message.table(2)
	lines = append(lines, fmt.Sprintf("version %d, header %d, body %d, endianness %d", message.number(0, 2), message.number(1, 1), message.number(3, 8), schema.number(0, 2)))
	for _, field := range schema.tables(1) {
		lines = append(lines, describeField(field))
	}
	return lines
}

func describeField(field fbView) string {
	kind, details := field.number(2, 1), field.table(3)
	text := fmt.Sprintf("%s nullable %d type %d", field.text(0), field.number(1, 1), kind)
	switch int8(kind) {
	case arrowInt:
		text += fmt.Sprintf(" of %d bits, signed %d", details.number(0, 4), details.number(1, 1))
	case arrowFloatingPoint:
		text += fmt.Sprintf(" precision %d", details.number(0, 2))
	case arrowFixedSizeList:
		text += fmt.Sprintf(" size %d", details.number(0, 4))
	}
	for _, child := range field.tables(5) {
		text += " [" + describeField(child) + "]"
	}
	return text
}

// The golden is what pyarrow writes for such columns: testdata/reference/embedding_golden.py.
func TestArrowSchemaSaysWhatPyarrowsSays(t *testing.T) {
	data, err := os.ReadFile("testdata/arrow_schemas.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct{ Float32, Float16 string }
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	for dtype, encoded := range map[string]string{Float32: golden.Float32, Float16: golden.Float16} {
		want := describe(t, encoded)
		if got := describe(t, arrowSchema(parquetColumns, formulaMeta(6, dtype))); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%q, want\n%q", dtype, got, want)
		}
		if got := describe(t, arrowSchema(parquetColumns, formulaMeta(7, dtype))); slices.Equal(got, want) {
			t.Errorf("%s: another size looks the same: %q", dtype, got)
		}
	}
}
