package metrics

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto.
const (
	eventWallTime    = 1
	eventStep        = 2
	eventFileVersion = 3
	eventSummary     = 5
	eventSessionLog  = 7

	summaryValue     = 1
	valueTag         = 1
	valueSimple      = 2
	sessionLogStatus = 1
	sessionLogStart  = 1
)

// scalar is one point of a TensorBoard curve.
type scalar struct {
	Tag   string
	Value float64
}

// versionEvent encodes the event that must be the first of a file.
func versionEvent(now time.Time) []byte {
	event := wallTime(nil, now)
	event = protowire.AppendTag(event, eventFileVersion, protowire.BytesType)
	return protowire.AppendString(event, "brain.Event:2")
}

// restartEvent encodes the mark at which TensorBoard drops what earlier files of the folder hold from step on.
func restartEvent(now time.Time, step int) []byte {
	event := stepNumber(wallTime(nil, now), step)
	status := protowire.AppendVarint(protowire.AppendTag(nil, sessionLogStatus, protowire.VarintType), sessionLogStart)
	event = protowire.AppendTag(event, eventSessionLog, protowire.BytesType)
	return protowire.AppendBytes(event, status)
}

// scalarEvent encodes the scalars of a step.
func scalarEvent(now time.Time, step int, scalars []scalar) []byte {
	var summary []byte
	for _, s := range scalars {
		value := protowire.AppendString(protowire.AppendTag(nil, valueTag, protowire.BytesType), s.Tag)
		value = protowire.AppendTag(value, valueSimple, protowire.Fixed32Type)
		value = protowire.AppendFixed32(value, math.Float32bits(float32(s.Value)))
		summary = protowire.AppendTag(summary, summaryValue, protowire.BytesType)
		summary = protowire.AppendBytes(summary, value)
	}
	event := stepNumber(wallTime(nil, now), step)
	event = protowire.AppendTag(event, eventSummary, protowire.BytesType)
	return protowire.AppendBytes(event, summary)
}

func wallTime(event []byte, now time.Time) []byte {
	seconds := float64(now.Unix()) + float64(now.Nanosecond())/1e9
	event = protowire.AppendTag(event, eventWallTime, protowire.Fixed64Type)
	return protowire.AppendFixed64(event, math.Float64bits(seconds))
}

// stepNumber leaves a zero out, as proto3 does.
func stepNumber(event []byte, step int) []byte {
	if step == 0 {
		return event
	}
	event = protowire.AppendTag(event, eventStep, protowire.VarintType)
	return protowire.AppendVarint(event, uint64(step))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame wraps an event as a TFRecord: length, its checksum, the event, its checksum; all little endian.
func frame(event []byte) []byte {
	record := binary.LittleEndian.AppendUint64(nil, uint64(len(event)))
	record = binary.LittleEndian.AppendUint32(record, maskedCRC(record))
	record = append(record, event...)
	return binary.LittleEndian.AppendUint32(record, maskedCRC(event))
}

// maskedCRC is TFRecord's CRC-32C, rotated and offset so that a checksum over checksums stays useful
// (tensorflow/core/lib/hash/crc32c.h).
func maskedCRC(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}
