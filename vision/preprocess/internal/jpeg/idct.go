package jpeg

// The inverse DCT of Loeffler, Ligtenberg and Moschytz (ICASSP 1989) with 11 multiplications, in the fixed point of
// libjpeg's jidctint.c: constants in units of 2^-13, two more bits kept between the passes.
const (
	constBits = 13
	passBits  = 2

	c0298631336 = 2446
	c0390180644 = 3196
	c0541196100 = 4433
	c0765366865 = 6270
	c0899976223 = 7373
	c1175875602 = 9633
	c1501321110 = 12299
	c1847759065 = 15137
	c1961570560 = 16069
	c2053119869 = 16819
	c2562915447 = 20995
	c3072711026 = 25172
)

// transform makes the samples of block (x, y) of its coefficients. Values that only damaged data has wrap and saturate as in
// libjpeg-turbo's vector code, which keeps 16 bits of what goes into a pass.
func (c *component) transform(x, y int, b *block) {
	stride := 8 * c.blocksWide
	dst := c.samples[8*y*stride+8*x:]
	var work [64]int32
	if flat(b) {
		for i := range 8 {
			work[i] = int32(int16(scaled(b[i], c.quant[i]) << passBits))
		}
		var first [8]uint8
		row(&first, (*[8]int32)(work[:]))
		for i := range 8 {
			copy(dst[i*stride:][:8], first[:])
		}
		return
	}
	for i := range 8 {
		column(&work, b, c.quant, i)
	}
	for i := range 8 {
		row((*[8]uint8)(dst[i*stride:]), (*[8]int32)(work[8*i:]))
	}
}

// flat says whether all rows of the block will be alike.
func flat(b *block) bool {
	var any int16
	for _, v := range b[8:] {
		any |= v
	}
	return any == 0
}

// column does the first pass for a column of coefficients.
func column(work *[64]int32, b *block, q *[64]uint16, i int) {
	i &= 7
	in0 := scaled(b[i], q[i])
	if b[i+8]|b[i+16]|b[i+24]|b[i+32]|b[i+40]|b[i+48]|b[i+56] == 0 {
		v := saturated(in0 << passBits)
		for r := 0; r < 64; r += 8 {
			work[i+r] = v
		}
		return
	}
	e0, e1, e2, e3 := even(in0, scaled(b[i+16], q[i+16]), scaled(b[i+32], q[i+32]), scaled(b[i+48], q[i+48]))
	o0, o1, o2, o3 := odd(scaled(b[i+8], q[i+8]), scaled(b[i+24], q[i+24]), scaled(b[i+40], q[i+40]), scaled(b[i+56], q[i+56]))
	const shift = constBits - passBits
	const half = 1 << (shift - 1)
	work[i], work[i+56] = saturated((e0+o0+half)>>shift), saturated((e0-o0+half)>>shift)
	work[i+8], work[i+48] = saturated((e1+o1+half)>>shift), saturated((e1-o1+half)>>shift)
	work[i+16], work[i+40] = saturated((e2+o2+half)>>shift), saturated((e2-o2+half)>>shift)
	work[i+24], work[i+32] = saturated((e3+o3+half)>>shift), saturated((e3-o3+half)>>shift)
}

// row does the second pass for a row; 128 is added to its results.
func row(dst *[8]uint8, in *[8]int32) {
	const shift = constBits + passBits + 3
	const half = 1 << (shift - 1)
	e0, e1, e2, e3 := even(in[0], in[2], in[4], in[6])
	if in[1]|in[3]|in[5]|in[7] == 0 {
		dst[0], dst[1] = clip((e0+half)>>shift+128), clip((e1+half)>>shift+128)
		dst[2], dst[3] = clip((e2+half)>>shift+128), clip((e3+half)>>shift+128)
		dst[4], dst[5], dst[6], dst[7] = dst[3], dst[2], dst[1], dst[0]
		return
	}
	o0, o1, o2, o3 := odd(in[1], in[3], in[5], in[7])
	dst[0], dst[7] = clip((e0+o0+half)>>shift+128), clip((e0-o0+half)>>shift+128)
	dst[1], dst[6] = clip((e1+o1+half)>>shift+128), clip((e1-o1+half)>>shift+128)
	dst[2], dst[5] = clip((e2+o2+half)>>shift+128), clip((e2-o2+half)>>shift+128)
	dst[3], dst[4] = clip((e3+o3+half)>>shift+128), clip((e3-o3+half)>>shift+128)
}

func even(in0, in2, in4, in6 int32) (e0, e1, e2, e3 int32) {
	z := (in2 + in6) * c0541196100
	t2, t3 := z-in6*c1847759065, z+in2*c0765366865
	t0, t1 := int32(int16(in0+in4))<<constBits, int32(int16(in0-in4))<<constBits
	return t0 + t3, t1 + t2, t1 - t2, t0 - t3
}

func odd(in1, in3, in5, in7 int32) (o0, o1, o2, o3 int32) {
	z3, z4 := int32(int16(in7+in3)), int32(int16(in5+in1))
	z5 := (z3 + z4) * c1175875602
	z3, z4 = z5-z3*c1961570560, z5-z4*c0390180644
	z1, z2 := (in7+in1)*c0899976223, (in5+in3)*c2562915447
	return in1*c1501321110 - z1 + z4, in3*c3072711026 - z2 + z3, in5*c2053119869 - z2 + z4, in7*c0298631336 - z1 + z3
}

// scaled undoes the quantisation.
func scaled(v int16, q uint16) int32 { return int32(v * int16(q)) }

func saturated(v int32) int32 { return min(max(v, -1<<15), 1<<15-1) }

func clip(v int32) uint8 {
	if uint32(v) > 255 {
		v = ^v >> 31
	}
	return uint8(v)
}
