package data

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// benchSource writes 64 MB of images that do not compress, as photographs do not.
func benchSource(b *testing.B, codec parquet.WriterOption) *Source {
	b.Helper()
	noise := make([]byte, 64<<10)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	path := writeFile(b, filepath.Join(b.TempDir(), "a.parquet"), 0, 1000, 100, func(n int) flatRow {
		row := flatRowOf(n)
		row.JPG = append(row.JPG, noise...)
		return row
	}, codec)
	s, err := Open([]string{path}, Options{})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

var benchCodecs = map[string]parquet.WriterOption{
	"none":   parquet.Compression(&parquet.Uncompressed),
	"snappy": parquet.Compression(&parquet.Snappy),
	"zstd":   parquet.Compression(&parquet.Zstd),
}

func BenchmarkScan(b *testing.B) {
	for name, codec := range benchCodecs {
		b.Run(name, func(b *testing.B) {
			s := benchSource(b, codec)
			b.SetBytes(s.Shards()[0].Bytes)
			for b.Loop() {
				if _, err := Scan(context.Background(), s, nil, nil, ScanConfig{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLoader measures an epoch with decoding that costs nothing.
func BenchmarkLoader(b *testing.B) {
	for name, buffer := range map[string]int64{"memory": 1 << 30, "disk": 1} {
		b.Run(name, func(b *testing.B) {
			s := benchSource(b, benchCodecs["snappy"])
			x, err := Scan(context.Background(), s, nil, nil, ScanConfig{})
			if err != nil {
				b.Fatal(err)
			}
			none := Transform{Image: func([]uint8, []byte, uint64) error { return nil }, Text: testTransform.Text, Context: 3}
			l := NewLoader(context.Background(), x, NewPlain(50, nil), Cursor{}, none, LoaderConfig{Buffer: buffer, Window: 16 << 20})
			defer l.Close()
			b.SetBytes(s.Shards()[0].Bytes)
			for b.Loop() {
				for range 20 {
					batch, err := l.Next()
					if err != nil {
						b.Fatal(err)
					}
					l.Recycle(batch)
				}
			}
		})
	}
}

// BenchmarkReplay measures how fast a resumed run gets over the rows that were delivered: no image is read.
func BenchmarkReplay(b *testing.B) {
	const rows = 1_000_000
	s := &Source{shards: []Shard{{}}, rows: rows}
	for first := int64(0); first < rows; first += 100 {
		s.segments = append(s.segments, segment{first: first, rows: 100, bytes: 10 << 20})
	}
	x := otherIndex(s)
	for b.Loop() {
		p := newPlan(x, NewPlain(64, nil), Cursor{Batch: rows/64 - 1}, &LoaderConfig{Window: 256 << 20, World: 1})
		if err := p.extend(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
