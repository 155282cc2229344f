package unimodal

import (
	"math/rand/v2"
	"sync"

	"github.com/mclclip/mclclip/data/imageset"
	"github.com/mclclip/mclclip/internal/torch"
)

// pixels makes inputs of pictures: views, normalised, with the channels of the random bits.
type pixels struct {
	set     *imageset.Set
	codes   []uint32 // of each picture
	bits    int
	augment Augment
	workers int
	device  torch.Device
}

// newPixels draws a code for each picture. It stays with the picture for the whole experiment, so that clusters can hold it
// fixed; the code of the paper on RandBit (Chen, Luo and Li 2021, arXiv 2011.02803) is drawn anew with each view pair.
func newPixels(set *imageset.Set, c Config, part uint64, workers int, device torch.Device) *pixels {
	p := &pixels{set: set, codes: make([]uint32, set.Len()), bits: c.Bits, augment: c.Augment, workers: max(1, workers), device: device}
	r := rand.New(rand.NewPCG(c.Seed, 0x636f6465<<8|part))
	for i := range p.codes {
		p.codes[i] = r.Uint32() & (1<<c.Bits - 1)
	}
	return p
}

// views uploads two views of each row [2B, C, S, S], the first ones first. seed makes them.
func (p *pixels) views(scope *torch.Scope, rows []int64, seed uint64) *torch.Tensor {
	one := p.set.Bytes()
	raw := make([]uint8, 2*len(rows)*one)
	p.parallel(2*len(rows), func(i int) {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		p.augment.View(raw[i*one:(i+1)*one], p.set.Picture(int(rows[i%len(rows)])), p.set.Size, r)
	})
	return p.upload(scope, raw, append(rows[:len(rows):len(rows)], rows...))
}

// plain uploads pictures from..to as they are.
func (p *pixels) plain(scope *torch.Scope, from, to int) *torch.Tensor {
	rows := make([]int64, to-from)
	for i := range rows {
		rows[i] = int64(from + i)
	}
	return p.upload(scope, p.set.Pixels[from*p.set.Bytes():to*p.set.Bytes()], rows)
}

// upload brings colours from 0..255 to about -2..2 and appends a channel of -1 or 1 for each bit.
func (p *pixels) upload(scope *torch.Scope, raw []uint8, rows []int64) *torch.Tensor {
	n, s := int64(len(rows)), int64(p.set.Size)
	bytes := torch.FromBytes(scope, raw, torch.Uint8, n, 3, s, s)
	return torch.Tidy(bytes, func(x *torch.Tensor) *torch.Tensor {
		shift := torch.FromFloats(x.Scope(), []float32{127.5}, 1).To(p.device, torch.Float32)
		x = x.To(p.device, torch.Float32).Sub(shift).Scale(1. / 64)
		if p.bits == 0 {
			return x
		}
		signs := make([]float32, 0, len(rows)*p.bits)
		for _, row := range rows {
			for bit := range p.bits {
				signs = append(signs, float32(int(p.codes[row]>>bit&1)*2-1))
			}
		}
		code := torch.FromFloats(x.Scope(), signs, n, int64(p.bits), 1, 1).To(p.device, torch.Float32)
		return torch.Concat(1, x, code.Expand(n, int64(p.bits), s, s))
	})
}

// parallel calls f for 0..n-1 on several goroutines.
func (p *pixels) parallel(n int, f func(i int)) {
	var group sync.WaitGroup
	for w := range p.workers {
		group.Go(func() {
			for i := w; i < n; i += p.workers {
				f(i)
			}
		})
	}
	group.Wait()
}
