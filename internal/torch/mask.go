package torch

import "github.com/sugarme/gotch/libtch"

// Equal tells element by element where t and o are equal, broadcast; the result is of type Bool.
func (t *Tensor) Equal(o *Tensor) *Tensor { return t.binary("equal", o, libtch.AtgEqTensor) }

// Not inverts a tensor of type Bool.
func (t *Tensor) Not() *Tensor { return t.unary("not", libtch.AtgLogicalNot) }

// Masked returns t with value wherever mask, of type Bool and broadcast, is true.
func (t *Tensor) Masked(mask *Tensor, value float64) *Tensor {
	number := libtch.AtsFloat(value)
	defer libtch.AtsFree(number)
	var out libtch.Ctensor
	libtch.AtgMaskedFill(&out, t.handle, mask.handle, number)
	return wrap("masked", out, t, mask)
}
