package metrics

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"testing"
	"time"
)

// The golden file was written by TensorBoard's own writer: testdata/reference/tensorboard_golden.py.
func TestEventsAreByteEqualToTensorBoards(t *testing.T) {
	want, err := os.ReadFile("testdata/events.golden")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Unix(1_790_000_000, 250_000_000)
	at := func(step int) time.Time { return start.Add(time.Duration(step) * time.Second) }
	events := [][]byte{
		versionEvent(start),
		restartEvent(start, 5),
		scalarEvent(at(5), 5, []scalar{{"train/loss", 0.375}, {"train/lr", 1e-5}}),
		scalarEvent(at(300), 300, []scalar{{"train/loss", math.NaN()}, {"val/Größe", -2.5}}),
		scalarEvent(at(0), 0, []scalar{{"tensorboard==2.21.0 protobuf==7.36.2", 0}}),
	}
	var got []byte
	for _, event := range events {
		got = append(got, frame(event)...)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%x\nwant\n%x", got, want)
	}
}

// The check that the tests below read files with must itself notice a damaged record.
func TestFlippedBitIsNoticed(t *testing.T) {
	good, err := os.ReadFile("testdata/events.golden")
	if err != nil {
		t.Fatal(err)
	}
	if events, err := unframe(good); err != nil || len(events) != 5 {
		t.Fatalf("got %d events, error %v; want 5", len(events), err)
	}
	for _, offset := range []int{0, 8, 12, 36} { // length, its checksum, event, its checksum
		bad := bytes.Clone(good)
		bad[offset] ^= 1
		if _, err := unframe(bad); err == nil {
			t.Errorf("a flipped bit at byte %d went unnoticed", offset)
		}
	}
}

// unframe splits a TFRecord file. The mask is undone here, where the writer applies it.
func unframe(content []byte) (events [][]byte, err error) {
	unmask := func(sum uint32) uint32 {
		sum -= 0xa282ead8
		return sum>>17 | sum<<15
	}
	for len(content) > 0 {
		if len(content) < 12 || unmask(binary.LittleEndian.Uint32(content[8:])) != crc32c(content[:8]) {
			return nil, errors.New("bad checksum of a length")
		}
		n := binary.LittleEndian.Uint64(content)
		if uint64(len(content)) < n+16 {
			return nil, errors.New("cut short")
		}
		event := content[12 : 12+n]
		if unmask(binary.LittleEndian.Uint32(content[12+n:])) != crc32c(event) {
			return nil, errors.New("bad checksum of an event")
		}
		events = append(events, event)
		content = content[16+n:]
	}
	return events, nil
}

// crc32c is the checksum of RFC 3720 bit by bit, independent of the table that the writer uses.
func crc32c(data []byte) uint32 {
	sum := ^uint32(0)
	for _, b := range data {
		sum ^= uint32(b)
		for range 8 {
			sum = sum>>1 ^ 0x82f63b78*(sum&1)
		}
	}
	return ^sum
}
