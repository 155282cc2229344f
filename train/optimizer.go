package train

import (
	"fmt"
	"strings"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/safetensors"
	"github.com/mclclip/mclclip/internal/torch"
)

// optimizer is AdamW over the trainable parameters. As in open_clip weight decay is on matrices only, and parameters with the
// same decay and learning rate make a group.
type optimizer struct {
	groups  []*group
	all     []*torch.Tensor
	average *average // of the parameters; nil without one
}

type group struct {
	rate               float64 // factor of the learning rate
	decays             bool    // by the weight decay
	names              []string
	params, m, v, step []*torch.Tensor
}

// newOptimizer makes zero moments for those parameters that are trainable now; rate gives the factor of a parameter's learning
// rate by its name.
func newOptimizer(parameters []nn.Param, rate func(name string) float64) *optimizer {
	o := &optimizer{}
	for _, p := range parameters {
		if p.Tensor.Trainable() {
			o.all = append(o.all, p.Tensor)
			o.group(rate(p.Name), decays(p)).add(p)
		}
	}
	return o
}

// group finds the group of a rate and a decay, or makes it.
func (o *optimizer) group(rate float64, decays bool) *group {
	for _, g := range o.groups {
		if g.rate == rate && g.decays == decays {
			return g
		}
	}
	g := &group{rate: rate, decays: decays}
	o.groups = append(o.groups, g)
	return g
}

// decays is open_clip's rule: no decay on one-dimensional parameters, norms, biases and the logit scale.
func decays(p nn.Param) bool {
	if len(p.Tensor.Shape()) < 2 {
		return false
	}
	for _, part := range []string{"bn", "ln", "bias", "logit_scale"} {
		if strings.Contains(p.Name, part) {
			return false
		}
	}
	return true
}

func (g *group) add(p nn.Param) {
	device, shape := p.Tensor.Device(), p.Tensor.Shape()
	g.names = append(g.names, p.Name)
	g.params = append(g.params, p.Tensor)
	g.m = append(g.m, torch.Zeros(nil, device, torch.Float32, shape...))
	g.v = append(g.v, torch.Zeros(nil, device, torch.Float32, shape...))
	g.step = append(g.step, torch.Zeros(nil, device, torch.Float32))
}

// update applies one AdamW step from the gradients that are there.
func (o *optimizer) update(scope *torch.Scope, c Config, lr float64) {
	for _, g := range o.groups {
		adamw := torch.AdamW{LR: lr * g.rate, Beta1: c.Beta1, Beta2: c.Beta2, Eps: c.Eps}
		if g.decays {
			adamw.WeightDecay = c.WeightDecay
		}
		g.update(scope, adamw)
	}
}

func (g *group) update(scope *torch.Scope, adamw torch.AdamW) {
	var params, grads, m, v, step []*torch.Tensor
	for i, p := range g.params {
		grad := p.Grad(scope)
		if grad == nil {
			continue
		}
		params, grads = append(params, p), append(grads, grad)
		m, v, step = append(m, g.m[i]), append(v, g.v[i]), append(step, g.step[i])
	}
	if len(params) > 0 {
		adamw.Step(params, grads, m, v, step)
	}
}

// gradients returns the gradients of all trainable parameters that have one.
func (o *optimizer) gradients(scope *torch.Scope) []*torch.Tensor {
	var grads []*torch.Tensor
	for _, p := range o.all {
		if grad := p.Grad(scope); grad != nil {
			grads = append(grads, grad)
		}
	}
	return grads
}

func (o *optimizer) free() {
	o.average.free()
	for _, g := range o.groups {
		for _, tensors := range [][]*torch.Tensor{g.m, g.v, g.step} {
			for _, t := range tensors {
				t.Free()
			}
		}
	}
}

// The keys of the optimizer's file are PyTorch's names of the state before the parameter's name.
const (
	keyM    = "exp_avg."
	keyV    = "exp_avg_sq."
	keyStep = "step."

	keyAverage = "ema."
)

// each calls f for every tensor of the state.
func (o *optimizer) each(f func(key string, t *torch.Tensor)) {
	for _, g := range o.groups {
		for i, name := range g.names {
			f(keyM+name, g.m[i])
			f(keyV+name, g.v[i])
			f(keyStep+name, g.step[i])
		}
	}
	if o.average != nil {
		for i, name := range o.average.names {
			f(keyAverage+name, o.average.shadow[i])
		}
	}
}

// state copies the moments and step counters to the host.
func (o *optimizer) state() []safetensors.Tensor {
	var out []safetensors.Tensor
	o.each(func(key string, t *torch.Tensor) { out = append(out, toHost(key, t)) })
	return out
}

// load puts a saved state back; it must be of the same trainable parameters.
func (o *optimizer) load(saved []safetensors.Tensor) error {
	byKey := make(map[string]safetensors.Tensor, len(saved))
	for _, t := range saved {
		byKey[t.Name] = t
	}
	var missing []string
	count := 0
	o.each(func(key string, t *torch.Tensor) {
		count++
		s, ok := byKey[key]
		if !ok || len(s.Data) != 4*t.Len() {
			missing = append(missing, key)
			return
		}
		t.SetBytes(s.Data)
	})
	if len(missing) > 0 || count != len(saved) {
		return fmt.Errorf("the checkpoint's optimizer is of other trainable parameters: %d of %d tensors fit, for instance %q does not", count-len(missing), count, first(missing))
	}
	return nil
}

func first(names []string) string {
	if len(names) == 0 {
		return "one that is locked now"
	}
	return names[0]
}

// toHost copies a float32 tensor to the host under a name.
func toHost(name string, t *torch.Tensor) safetensors.Tensor {
	shape := []int{}
	for _, n := range t.Shape() {
		shape = append(shape, int(n))
	}
	return safetensors.Tensor{Name: name, DType: "F32", Shape: shape, Data: t.Bytes()}
}
