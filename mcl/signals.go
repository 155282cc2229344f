package mcl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mclclip/mclclip/train"
	"github.com/mclclip/mclclip/train/metrics"
)

// Names of events in metrics.jsonl.
const (
	ClustersEvent = "clusters" // what the clusters of a stage are like, once a stage
	WarningEvent  = "warning"  // what goes wrong in a run, and what to change
)

// Bounds past which a run warns. They are set by judgement: the paper gives none.
const (
	sameClusters = 0.9  // NMI of two stages
	mostMerged   = 0.25 // share of the pairs whose label joined another
	mostRepeats  = 0.25 // share of the blocks that stand beside one of their own group
	leastSeeds   = 0.3  // ARI of the clusters of two seeds
	leastNew     = 0.1  // share of the drop of a stage's loss that no model before it had
)

// signals are the figures of a stage's clusters by TensorBoard tag, and what is wrong with them.
type signals struct {
	values   map[string]float64
	warnings []string
}

func (s *signals) warn(format string, args ...any) {
	s.warnings = append(s.warnings, fmt.Sprintf(format, args...))
}

// clusterSignals looks at the newest clusters in the labels of a stage, and at the groups that its labels were merged into.
// trained says how the stage before was trained.
func clusterSignals(labels *Labels, groups *Groups, trained train.Config) (signals, error) {
	newest := labels.Stage - 1
	table, err := labels.Cross(max(newest-1, 0), newest)
	if err != nil {
		return signals{}, err
	}
	_, sizes := table.Sizes()
	largest := LargestShare(sizes)
	s := signals{values: map[string]float64{
		"clusters/balance": Balance(sizes), "clusters/largest_share": largest, "clusters/groups": float64(groups.Count()),
	}}
	if largest > mostInOne(labels.Clusters) {
		s.warn("unbalanced: one of %d clusters of %s holds %.0f %% of the pairs, so most negatives are as easy as ordinary ones: raise --clusters or bound their size by --balance 1.5, and look whether the data hold many near-duplicates",
			labels.Clusters, modelName(newest), 100*largest)
	}
	if newest > 0 {
		s.compare(table, newest, trained)
	}
	s.merged(labels, groups)
	return s, nil
}

// mostInOne is the largest share of the pairs in one of K clusters that is no reason to warn: twice the mean, or half; of few clusters one
// holds half easily.
func mostInOne(clusters int) float64 { return max(0.5, min(0.9, 2/float64(clusters))) }

// compare looks at how far the clusters of a model are those of the model before.
func (s *signals) compare(table Contingency, newest int, trained train.Config) {
	nmi := table.NMI()
	s.values["clusters/nmi_before"], s.values["clusters/ari_before"] = nmi, table.ARI()
	if nmi <= sameClusters {
		return
	}
	cure := "raise --steps or --lr"
	if 2*trained.Warmup >= trained.Steps {
		cure = fmt.Sprintf("lower --warmup, whose %d steps took most of the stage's %d, raise --steps or --lr", trained.Warmup, trained.Steps)
	}
	s.warn("the stage learned nothing new: the clusters of %s are those of %s (NMI %.2f), so the next stage meets the same negatives: %s, free more of the model, or raise --clusters, so that a cluster leaves less of what is known",
		modelName(newest), modelName(newest-1), nmi, cure)
}

// merged looks at the labels that were too small for a block.
func (s *signals) merged(labels *Labels, groups *Groups) {
	number, pairs := groups.Merged(labels.Sizes())
	share := float64(pairs) / float64(max(labels.Usable(), 1))
	s.values["clusters/merged_share"] = share
	if share > mostMerged {
		s.warn("many labels merged: %d labels with %.0f %% of the pairs were too small for a block and joined others, so negatives differ in what earlier stages tell apart: lower --stages or --clusters, or raise --groups",
			number, 100*share)
	}
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// sizesText lists the sizes of clusters, or sums up many.
func sizesText(sizes []int64) string {
	const most = 16
	if len(sizes) <= most {
		return strings.Trim(fmt.Sprint(sizes), "[]")
	}
	sorted := slices.Sorted(slices.Values(sizes))
	return fmt.Sprintf("%d to %d (median %d)", sorted[0], sorted[len(sorted)-1], sorted[len(sorted)/2])
}

// repeatWarning says that batches held fewer groups than they should; "" where they did not.
func repeatWarning(s GroupStats, groups int) string {
	share := float64(s.Repeats) / float64(max(s.Batches*int64(groups), 1))
	if share <= mostRepeats {
		return ""
	}
	return fmt.Sprintf("groups repeat: %.0f %% of the blocks stood beside one of their own group, so a batch held fewer than %d groups: lower --groups or raise --clusters", 100*share, groups)
}

// modelName names the model of a stage as the run folder does.
func modelName(stage int) string {
	return newPhase("", "stage", stage, false).name
}

// signal records the figures of a stage's new clusters and warns where they are bad.
func (r *Run) signal(p phase, labels *Labels, groups *Groups) error {
	s, err := clusterSignals(labels, groups, r.cfg.Train)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s: clusters of %s: balance %.3f, largest %.1f %%", p.name, p.previous().name, s.values["clusters/balance"], 100*s.values["clusters/largest_share"])
	if nmi, ok := s.values["clusters/nmi_before"]; ok {
		text += fmt.Sprintf(", agreement with those of %s: NMI %.3f, ARI %.3f", modelName(p.stage-2), nmi, s.values["clusters/ari_before"])
	}
	if err := r.log.Event(metrics.Event{Name: ClustersEvent, Phase: p.name, Text: text, Values: s.values}); err != nil {
		return err
	}
	for _, warning := range s.warnings {
		if err := r.log.Event(metrics.Event{Name: WarningEvent, Phase: p.name, Text: "warning: " + warning}); err != nil {
			return err
		}
	}
	return nil
}
