package nn

import "github.com/mclclip/mclclip/internal/torch"

// Sequences says where the tokens of a batch are and which of them are read at the end of a tower. Only what follows from
// those is worth computing: the last block yields them alone, and captions that end before others carry no padding.
//
// Dimensions:
//
//	B sequences   L places of each   N tokens of all sequences, one sequence after the other
type Sequences struct {
	batch, length int64
	ends          *torch.Tensor // [B] rows of x [N, D] that are read at the end
	places        *torch.Tensor // [N] place of each token among the B*L; nil: every place has its token
	visible       *torch.Tensor // [B, 1, 1, L] whether the end may see a place; nil: it sees all
}

// Whole are sequences [B, L] whose tokens see one another and of which the token at the given place of each is read.
func Whole(scope *torch.Scope, device torch.Device, ends []int64, length int64) *Sequences {
	batch := int64(len(ends))
	rows := make([]int64, batch)
	for i, end := range ends {
		rows[i] = int64(i)*length + end
	}
	return &Sequences{batch: batch, length: length, ends: torch.UploadInts(scope, device, rows, batch)}
}

// Packed are sequences that end at the given places, each of which is read and sees itself and those before it. What follows
// in a row [L] is left out: under a causal mask it changes nothing.
func Packed(scope *torch.Scope, device torch.Device, ends []int64, length int64) *Sequences {
	batch := int64(len(ends))
	s := &Sequences{batch: batch, length: length}
	rows, places, visible := make([]int64, 0, batch), []int64{}, make([]byte, batch*length)
	for i, end := range ends {
		for place := range end + 1 {
			places = append(places, int64(i)*length+place)
			visible[int64(i)*length+place] = 1
		}
		rows = append(rows, int64(len(places))-1)
	}
	ints := func(values []int64) *torch.Tensor {
		return torch.UploadInts(scope, device, values, int64(len(values)))
	}
	s.ends = ints(rows)
	if int64(len(places)) < batch*length {
		s.places = ints(places)
		s.visible = torch.Upload(scope, device, visible, torch.Bool, batch, 1, 1, length)
	}
	return s
}

// in returns the same with tensors that live as long as scope.
func (s *Sequences) in(scope *torch.Scope) *Sequences {
	kept := *s
	for _, t := range []**torch.Tensor{&kept.ends, &kept.places, &kept.visible} {
		if *t != nil {
			*t = (*t).In(scope)
		}
	}
	return &kept
}

// Tokens takes the tokens out of rows [B, L, ...], as [N, ...].
func (s *Sequences) Tokens(rows *torch.Tensor) *torch.Tensor {
	shape := append([]int64{s.batch * s.length}, rows.Shape()[2:]...)
	rows = rows.Reshape(shape...)
	if s.places == nil {
		return rows
	}
	return rows.Rows(s.places)
}

// spread puts tokens [N, D] at their places, [B, L, D]; the others are zeros.
func (s *Sequences) spread(x *torch.Tensor) *torch.Tensor {
	width := x.Shape()[1]
	if s.places != nil {
		x = x.Spread(s.places, s.batch*s.length) // [B*L, D]
	}
	return x.Reshape(s.batch, s.length, width)
}

// read takes the tokens that are read at the end out of x [N, D], as [B, D].
func (s *Sequences) read(x *torch.Tensor) *torch.Tensor { return x.Rows(s.ends) }
