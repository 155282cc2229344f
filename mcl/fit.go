package mcl

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/mclclip/mclclip/internal/lbfgs"
)

// PairFeatures are the raw features that one model has of held-out pairs, [n][D] each.
type PairFeatures struct {
	Name          string
	Images, Texts [][]float32
}

// fusionBlock is the number of pairs among which a pair must be found while a rule is fitted.
const fusionBlock = 128

// penalties of the queries of attention; the one with the lowest loss on pairs that were not fitted to is taken.
var penalties = []float64{1e-1, 1e-2, 1e-3}

// FitFusion fits the weights of a rule to pairs that the models have not seen: those with the lowest InfoNCE loss, in blocks of
// 128 pairs, on four fifths of them. The weights of Weighted are the softmax of a bias for each model, shared by images and
// texts; Attention starts from them, keeps their logit scale and adds queries, under a penalty that is chosen on the last fifth.
func FitFusion(rule string, members []PairFeatures) (*Fusion, error) {
	if err := checkPairFeatures(members); err != nil {
		return nil, err
	}
	n := len(members[0].Images)
	fitOn, checkOn := newFusionProblem(members, 0, n*4/5), newFusionProblem(members, n*4/5, n)
	best := &Fusion{HeldOut: Losses{Fitted: math.Inf(1)}}
	start := fitOn.start()
	equal := slices.Clone(start)
	lbfgs.Minimize(equal[:1], func(x, g []float64) float64 {
		full := make([]float64, len(equal))
		loss := fitOn.loss(append(slices.Clone(x), equal[1:]...), full, shape{}, 0)
		g[0] = full[0]
		return loss
	}, lbfgs.Config{})
	best.HeldOut.Equal = checkOn.loss(equal, nil, shape{}, 0)
	lbfgs.Minimize(start, func(x, g []float64) float64 { return fitOn.loss(x, g, shape{}, 0) }, lbfgs.Config{})
	candidates := []fusionFit{{start, shape{}, checkOn.loss(start, nil, shape{}, 0)}}
	if rule == Attention {
		candidates = nil
		for _, penalty := range penalties {
			x := fitOn.attentionStart(start)
			lbfgs.Minimize(x, func(x, g []float64) float64 { return fitOn.loss(x, g, attend, penalty) }, lbfgs.Config{MaxIterations: 200})
			candidates = append(candidates, fusionFit{x, attend, checkOn.loss(x, nil, attend, 0)})
		}
	}
	for _, c := range candidates {
		if c.loss < best.HeldOut.Fitted {
			equalLoss := best.HeldOut.Equal
			best = fitOn.fusion(c.x, c.shape)
			best.HeldOut = Losses{Equal: equalLoss, Fitted: c.loss}
		}
	}
	if math.IsInf(best.HeldOut.Fitted, 1) {
		return nil, errors.New("the fit came to no finite loss")
	}
	for _, m := range members {
		best.Members = append(best.Members, m.Name)
	}
	return best, nil
}

type fusionFit struct {
	x     []float64
	shape shape
	loss  float64
}

// checkPairFeatures refuses features that are too few or do not fit each other.
func checkPairFeatures(members []PairFeatures) error {
	if len(members) < 2 {
		return errors.New("there is one model only: nothing to weigh")
	}
	n := len(members[0].Images)
	if n < 10 {
		return fmt.Errorf("%d held-out pairs are too few to fit weights: give some hundreds", n)
	}
	for _, m := range members {
		if len(m.Images) != n || len(m.Texts) != n {
			return fmt.Errorf("%s has features of %d images and %d texts, %s of %d", m.Name, len(m.Images), len(m.Texts), members[0].Name, n)
		}
		for i := range n {
			for _, v := range [][]float32{m.Images[i], m.Texts[i]} {
				if square := squaredLength(v); len(v) != len(m.Images[0]) || !(square > 0) || math.IsInf(square, 0) {
					return fmt.Errorf("%s: a feature of pair %d is zero, not finite or of another width", m.Name, i)
				}
			}
		}
	}
	return nil
}
