package main

import (
	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/data/embedding"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/mcl"
)

// towers are models that embed the same pairs, loaded together.
type towers struct {
	encoders  []*clip.Encoder
	transform data.Transform
}

// openTowers loads the models at paths. The transform is that of the first.
func openTowers(paths []string, options clip.Options, device torch.Device) (*towers, error) {
	t := &towers{}
	for _, path := range paths {
		encoder, err := clip.OpenEncoderAs(path, options, device)
		if err != nil {
			t.close()
			return nil, err
		}
		t.encoders = append(t.encoders, encoder)
	}
	var err error
	t.transform, err = mcl.EvalTransform(t.encoders[0].Model.Config, t.encoders[0].Preprocess())
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *towers) close() {
	for _, e := range t.encoders {
		e.Close()
	}
}

// rows embeds a batch with every model and joins the features of each pair.
func (t *towers) rows(batch data.Batch, index *data.Index, join func(image bool, parts [][]float32) []float32) ([]embedding.Row, error) {
	n := len(batch.Rows)
	images, texts := make([][][]float32, n), make([][][]float32, n)
	for _, e := range t.encoders {
		image, err := e.Pixels(batch.Images, n)
		if err != nil {
			return nil, err
		}
		text, err := e.Tokens(batch.Tokens, batch.Length, n)
		if err != nil {
			return nil, err
		}
		for i := range n {
			images[i], texts[i] = append(images[i], image[i]), append(texts[i], text[i])
		}
	}
	rows := make([]embedding.Row, n)
	for i, row := range batch.Rows {
		rows[i] = embedding.Row{
			ID: rowID(index.Source(), row), Row: row, Key: batch.Keys[i], Caption: batch.Captions[i][batch.Choice[i]],
			Image: join(true, images[i]), Text: join(false, texts[i]),
		}
	}
	return rows, nil
}
