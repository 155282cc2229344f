package clip

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/text/tokenizer"
)

// picture is a PNG of the model's own size, so that no resizing takes part, with the pixels that it shows.
func picture(t *testing.T, size, shade int) (encoded []byte, pixels []uint8) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	pixels = make([]uint8, 3*size*size)
	for y := range size {
		for x := range size {
			rgb := [3]uint8{uint8(x*7 + shade), uint8(y*5 + shade), uint8(x*y + shade)}
			img.Set(x, y, color.RGBA{rgb[0], rgb[1], rgb[2], 255})
			for c, v := range rgb {
				pixels[(c*size+y)*size+x] = v
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), pixels
}

func tinyFolder(t *testing.T) string {
	t.Helper()
	cfg, err := Preset("tiny")
	if err != nil {
		t.Fatal(err)
	}
	model, err := New(cfg, 5, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	pre := DefaultPreprocess(cfg)
	pre.Mean = [3]float32{0.1, 0.2, 0.3} // an encoder that uses other values than the folder's is found out
	dir := t.TempDir() + "/model"
	if err := model.Save(dir, pre); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestPixelsAreNormalisedAsTorchvisionDoes(t *testing.T) {
	torchtest.NoLeak(t)
	model, pre, err := Load(tinyFolder(t), torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	inputs := NewInputs(model, pre)
	defer inputs.Free()
	size := model.Config.Vision.ImageSize
	_, first := picture(t, size, 0)
	_, second := picture(t, size, 90)
	scope := torch.NewScope()
	defer scope.Close()
	got := inputs.Pixels(scope, append(first, second...), 1, 2).Floats()
	for i, v := range second {
		c := i / (size * size)
		if want := (float32(v)/255 - pre.Mean[c]) / pre.Std[c]; got[i] != want {
			t.Fatalf("pixel %d of channel %d: %v, want %v", i, c, got[i], want)
		}
	}
	// What a GPU does with 8-bit pixels has the same bits.
	raw := torch.Upload(scope, torch.CPU, second, torch.Uint8, 1, 3, int64(size), int64(size))
	if device := inputs.normalize(raw).Floats(); !slices.Equal(device, got) {
		t.Error("pixels that are normalised by operations differ from those of the table")
	}
}

func TestEncoderDoesWhatItsPartsDo(t *testing.T) {
	torchtest.NoLeak(t)
	encoder, err := OpenEncoder(tinyFolder(t), torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	size, context := encoder.Model.Config.Vision.ImageSize, encoder.Model.Config.Text.ContextLength
	var files [][]byte
	var pixels []uint8
	for i := range encoderBatch + 3 { // more than one forward pass
		file, raw := picture(t, size, i)
		files, pixels = append(files, file), append(pixels, raw...)
	}
	images, err := encoder.Images(files)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := encoder.Texts([]string{"a dog facing left", "Two dogs &amp; a cat", strings.Repeat("long ", 200)})
	if err != nil {
		t.Fatal(err)
	}
	if len(images) != len(files) || len(texts) != 3 || len(images[0]) != encoder.Model.Config.EmbedDim {
		t.Fatalf("%d images, %d texts of width %d", len(images), len(texts), len(images[0]))
	}

	scope := torch.NewScope()
	defer scope.Close()
	want := encoder.Model.EncodeImage(encoder.inputs.Pixels(scope, pixels, 0, len(files))).Floats()
	if off := torchtest.MaxDiff(flat(images), want); off > 1e-5 {
		t.Errorf("image features are off by %g", off)
	}
	rows := make([]int32, 3*context)
	for i, text := range []string{"a dog facing left", "two dogs & a cat", strings.Repeat("long ", 200)} {
		tokenizer.New().Row(rows[i*context:(i+1)*context], text)
	}
	want = encoder.Model.EncodeText(encoder.inputs.Tokens(scope, rows, context, 0, 3)).Floats() // all 77 positions
	if off := torchtest.MaxDiff(flat(texts), want); off > 1e-5 {
		t.Errorf("text features are off by %g", off)
	}
}

func TestEncoderNamesTheImageItCannotRead(t *testing.T) {
	torchtest.NoLeak(t)
	encoder, err := OpenEncoder(tinyFolder(t), torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	good, _ := picture(t, encoder.Model.Config.Vision.ImageSize, 0)
	if _, err := encoder.Images([][]byte{good, []byte("<html>")}); err == nil || !strings.Contains(err.Error(), "image 1") {
		t.Errorf("got %v, want an error that names image 1", err)
	}
}

func TestAFailedBatchLeavesNothing(t *testing.T) {
	torchtest.NoLeak(t)
	encoder, err := OpenEncoder(tinyFolder(t), torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	tokens := make([]int32, encoder.Model.Config.Text.ContextLength)
	tokens[0] = int32(encoder.Model.Config.Text.VocabSize) // beyond the table
	if _, err := encoder.Tokens(tokens, 3, 1); err == nil {
		t.Error("an id that the vocabulary lacks was embedded")
	}
}

func flat(rows [][]float32) (all []float32) {
	for _, row := range rows {
		all = append(all, row...)
	}
	return all
}
