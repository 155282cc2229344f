package mcl

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

var threeShards = []Shard{{"aaa", 5, "aaa.parquet"}, {"bbb", 3, "bbb.parquet"}, {"ccc", 4, "ccc.parquet"}}

var someOrigin = Origin{Model: "vit@12ab", Data: "feed", Columns: "images in \"image\" and captions in \"caption\"", Clusters: 3, Stage: 2, Seed: 1 << 63}

func twelveLabels() *Labels {
	return &Labels{Origin: someOrigin, ByRow: []int32{0, 1, 2, -1, 4, 5, 6, 7, 8, 0, -1, 3}}
}

func writeTwelve(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "labels.parquet")
	if err := WriteLabels(path, twelveLabels(), threeShards); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLabelsComeBackFromTheirFile(t *testing.T) {
	path := writeTwelve(t)
	labels, err := ReadLabels(path, someOrigin, threeShards)
	if err != nil {
		t.Fatal(err)
	}
	if labels.Origin != someOrigin || !slices.Equal(labels.ByRow, twelveLabels().ByRow) {
		t.Errorf("got %+v", labels)
	}
	if origin, err := ReadOrigin(path); err != nil || origin != someOrigin {
		t.Errorf("origin is %+v (%v)", origin, err)
	}
	rows, err := parquet.ReadFile[labelRow](path)
	if err != nil || len(rows) != 12 {
		t.Fatalf("the file has %d rows (%v)", len(rows), err)
	}
	if want := (labelRow{"bbb", "bbb.parquet", 1, 6 % 3, 6}); rows[6] != want {
		t.Errorf("row 6 is %+v, want %+v", rows[6], want)
	}
}

func TestLabelsAreFoundByShardNotByPlace(t *testing.T) {
	moved := []Shard{{"ccc", 4, "ccc.parquet"}, {"aaa", 5, "aaa.parquet"}, {"bbb", 3, "bbb.parquet"}}
	labels, err := ReadLabels(writeTwelve(t), someOrigin, moved)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int32{8, 0, -1, 3, 0, 1, 2, -1, 4, 5, 6, 7}; !slices.Equal(labels.ByRow, want) {
		t.Errorf("labels are %v, want %v", labels.ByRow, want)
	}
}

func TestShardsOfEqualContentKeepTheirOwnLabels(t *testing.T) {
	twins := []Shard{{"aaa", 5, "aaa.parquet"}, {"same", 3, "same.parquet"}, {"same", 3, "same.parquet"}, {"d", 1, "d.parquet"}}
	path := filepath.Join(t.TempDir(), "labels.parquet")
	if err := WriteLabels(path, twelveLabels(), twins); err != nil {
		t.Fatal(err)
	}
	labels, err := ReadLabels(path, someOrigin, twins)
	if err != nil || !slices.Equal(labels.ByRow, twelveLabels().ByRow) {
		t.Errorf("got %v (%v)", labels, err)
	}
}

func TestLabelsOfAnotherOriginAreRefused(t *testing.T) {
	path := writeTwelve(t)
	cases := map[string]func(*Origin){
		"other data (fingerprint feed, this data set has beef)":                                    func(o *Origin) { o.Data = "beef" },
		`made from images in "image" and captions in "caption", wanted those from images in "jpg"`: func(o *Origin) { o.Columns = `images in "jpg" and captions in "caption"` },
		"--clusters 3, wanted 10":              func(o *Origin) { o.Clusters = 10 },
		"stage 2, wanted stage 1":              func(o *Origin) { o.Stage = 1 },
		"model vit@12ab, wanted vit@0000":      func(o *Origin) { o.Model = "vit@0000" },
		"--seed 9223372036854775808, wanted 7": func(o *Origin) { o.Seed = 7 },
	}
	for says, change := range cases {
		want := someOrigin
		change(&want)
		_, err := ReadLabels(path, want, threeShards)
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want an error with the path and %q", err, says)
		}
	}
}

func TestLabelsOfAnEarlierVersionNameNoColumns(t *testing.T) {
	footer := slices.DeleteFunc(someOrigin.footer(), func(entry [2]string) bool { return entry[0] == keyColumns })
	path := writeRows(t, []labelRow{{"aaa", "", 0, 0, 0}, {"aaa", "", 1, 0, 0}}, footer...)
	if _, err := ReadLabels(path, someOrigin, []Shard{{"aaa", 2, "aaa.parquet"}}); err != nil {
		t.Errorf("labels that were made before columns were written down: %v", err)
	}
}

func TestLabelsThatDoNotFitTheRowsAreRefused(t *testing.T) {
	path := writeTwelve(t)
	cases := []struct {
		name   string
		shards []Shard
		says   string
	}{
		{"a shard more", append(slices.Clone(threeShards), Shard{"ddd", 2, "ddd.parquet"}), "2 of 14 rows have no label, the first is row 0 of shard ddd"},
		{"a longer shard", []Shard{{"aaa", 5, "aaa.parquet"}, {"bbb", 6, "bbb.parquet"}, {"ccc", 4, "ccc.parquet"}}, "3 of 15 rows have no label, the first is row 3 of shard bbb"},
		{"a shorter shard", []Shard{{"aaa", 5, "aaa.parquet"}, {"bbb", 2, "bbb.parquet"}, {"ccc", 4, "ccc.parquet"}}, "shard bbb has 2 rows, the file names row 2"},
		{"a shard less", threeShards[:2], "shard ccc is not in the data set"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := ReadLabels(path, someOrigin, c.shards); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error with %q", err, c.says)
			}
		})
	}
}

// writeRows writes a label file with any rows and footer.
func writeRows(t *testing.T, rows []labelRow, footer ...[2]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "labels.parquet")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	err = writeSummed(file, footer, func(w *parquet.GenericWriter[labelRow]) error {
		_, err := w.Write(rows)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDamagedLabelFilesAreRefused(t *testing.T) {
	one := []Shard{{"aaa", 2, "aaa.parquet"}}
	good := someOrigin.footer()
	broken := slices.Clone(good)
	broken[4][1] = "many"
	cases := []struct {
		name   string
		rows   []labelRow
		footer [][2]string
		says   string
	}{
		{"a row twice", []labelRow{{"aaa", "", 0, 0, 0}, {"aaa", "", 0, 1, 1}}, good, "shard aaa: row 0 is given twice"},
		{"cluster of another label", []labelRow{{"aaa", "", 0, 2, 1}, {"aaa", "", 1, 0, 0}}, good, "do not go together"},
		{"label past K^s", []labelRow{{"aaa", "", 0, 0, 9}, {"aaa", "", 1, 0, 0}}, good, "do not go together"},
		{"label -5", []labelRow{{"aaa", "", 0, -1, -5}, {"aaa", "", 1, 0, 0}}, good, "do not go together"},
		{"no label file", []labelRow{{"aaa", "", 0, 0, 0}}, nil, "not a file of labels"},
		{"later format", []labelRow{{"aaa", "", 0, 0, 0}}, [][2]string{{keyFormat, "2"}}, `format "2" is unknown`},
		{"broken footer", []labelRow{{"aaa", "", 0, 0, 0}}, broken, "metadata"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadLabels(writeRows(t, c.rows, c.footer...), someOrigin, one)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error with %q", err, c.says)
			}
		})
	}
}

func TestATruncatedLabelFileIsRefused(t *testing.T) {
	path := writeTwelve(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, keep := range []int{0, 3, len(whole) / 2, len(whole) - 1} {
		if err := os.WriteFile(path, whole[:keep], 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadLabels(path, someOrigin, threeShards); err == nil {
			t.Errorf("%d of %d bytes were read as labels", keep, len(whole))
		}
	}
	if _, err := ReadLabels(path+".no", someOrigin, threeShards); err == nil {
		t.Error("a missing file was read as labels")
	}
}

func TestLabelsOfStageZeroAreNotWritten(t *testing.T) {
	dir := t.TempDir()
	if err := WriteLabels(filepath.Join(dir, "x"), NewLabels(12, everyRow), threeShards); err == nil {
		t.Error("labels of stage 0 were written")
	}
	if err := WriteLabels(filepath.Join(dir, "x"), twelveLabels(), threeShards[:2]); err == nil {
		t.Error("12 labels were written for 8 rows")
	}
}

// The whole way of a stage, from one stage's labels to the next one's on disk and back, within 16 bytes a pair.
func TestLabelsTakeLittleMemory(t *testing.T) {
	const n, k = 1_000_000, 10
	shards := []Shard{{"first", n / 2, "1.parquet"}, {"second", n / 2, "2.parquet"}}
	before := heapBytes()
	labels := NewLabels(n, everyRow)
	assign := make([]int32, n)
	for row := range assign {
		assign[row] = int32(row*7919%n) % k
	}
	labels, err := labels.Extend(assign, Origin{Clusters: k})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "labels.parquet")
	if err := WriteLabels(path, labels, shards); err != nil {
		t.Fatal(err)
	}
	again, err := ReadLabels(path, labels.Origin, shards)
	if err != nil || !slices.Equal(again.ByRow, labels.ByRow) {
		t.Fatalf("the labels did not come back (%v)", err)
	}
	if used := float64(heapBytes()-before) / n; used > 16 {
		t.Errorf("%.1f bytes a pair are in use with both copies and the clusters, want at most 16", used)
	}
	runtime.KeepAlive(assign)
	runtime.KeepAlive(labels)
	runtime.KeepAlive(again)
}

func heapBytes() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkWriteLabels(b *testing.B) {
	labels := &Labels{Origin: Origin{Clusters: 10, Stage: 3}, ByRow: make([]int32, 1<<20)}
	for row := range labels.ByRow {
		labels.ByRow[row] = int32(row*7919) % 1000
	}
	for b.Loop() {
		if err := WriteLabels(filepath.Join(b.TempDir(), "l"), labels, []Shard{{"a", 1 << 20, "a.parquet"}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(labels.ByRow))*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkReadLabels(b *testing.B) {
	labels := &Labels{Origin: Origin{Clusters: 10, Stage: 3}, ByRow: make([]int32, 1<<20)}
	shards := []Shard{{"a", 1 << 20, "a.parquet"}}
	path := filepath.Join(b.TempDir(), "l")
	if err := WriteLabels(path, labels, shards); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := ReadLabels(path, labels.Origin, shards); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(labels.ByRow))*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
