package mcl

import (
	"errors"
	"fmt"
	"strconv"
)

// Origin says what labels were made from. It stands in the label file, so that labels of another model, data set or
// clustering are never taken for the right ones.
type Origin struct {
	Model    string  // identity of the model whose features were clustered, stage-1's
	Data     string  // fingerprint of the data set
	Columns  string  // that images and captions are in
	Clusters int     // K
	Stage    int     // s: the stage that is trained with these labels, 0 for the start
	Seed     uint64  // of K-means
	Balance  float64 // largest cluster over M / K, 0 without a bound
}

// Keys in the footer of the label file and in the metadata of the centroids.
const (
	keyFormat   = "mclclip.labels"
	keyModel    = "mclclip.model"
	keyData     = "mclclip.data"
	keyColumns  = "mclclip.columns"
	keyClusters = "mclclip.clusters"
	keyStage    = "mclclip.stage"
	keySeed     = "mclclip.seed"
	keyBalance  = "mclclip.balance" // only where there is a bound
	labelFormat = "1"
)

func (o Origin) footer() [][2]string {
	entries := [][2]string{
		{keyFormat, labelFormat}, {keyModel, o.Model}, {keyData, o.Data}, {keyColumns, o.Columns},
		{keyClusters, strconv.Itoa(o.Clusters)}, {keyStage, strconv.Itoa(o.Stage)}, {keySeed, strconv.FormatUint(o.Seed, 10)},
	}
	if o.Balance > 0 {
		entries = append(entries, [2]string{keyBalance, strconv.FormatFloat(o.Balance, 'g', -1, 64)})
	}
	return entries
}

// parseFooter reads an origin from the entries of a file that lookup finds.
func parseFooter(lookup func(key string) (string, bool)) (o Origin, err error) {
	format, ok := lookup(keyFormat)
	if !ok {
		return o, fmt.Errorf("not a file of labels or centroids: its metadata lack %s", keyFormat)
	}
	if format != labelFormat {
		return o, fmt.Errorf("format %q is unknown, want %s", format, labelFormat)
	}
	get := func(key string) string { value, _ := lookup(key); return value }
	o.Model, o.Data, o.Columns = get(keyModel), get(keyData), get(keyColumns)
	var errs [4]error
	o.Clusters, errs[0] = strconv.Atoi(get(keyClusters))
	o.Stage, errs[1] = strconv.Atoi(get(keyStage))
	o.Seed, errs[2] = strconv.ParseUint(get(keySeed), 10, 64)
	if balance, ok := lookup(keyBalance); ok {
		o.Balance, errs[3] = strconv.ParseFloat(balance, 64)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return o, fmt.Errorf("metadata: %w", err)
	}
	if o.Clusters < 2 || o.Stage < 1 {
		return o, fmt.Errorf("metadata: %d clusters and stage %d make no labels", o.Clusters, o.Stage)
	}
	return o, nil
}

// match says in what another origin differs.
func (o Origin) match(have Origin) error {
	switch {
	case have.Data != o.Data:
		return fmt.Errorf("made for other data (fingerprint %s, this data set has %s): make the labels again", have.Data, o.Data)
	case have.Columns != "" && have.Columns != o.Columns: // none are named in files of earlier versions
		return fmt.Errorf("made from %s, wanted those from %s: --image-column or --caption-column is another", have.Columns, o.Columns)
	case have.Clusters != o.Clusters:
		return fmt.Errorf("made with --clusters %d, wanted %d", have.Clusters, o.Clusters)
	case have.Stage != o.Stage:
		return fmt.Errorf("made for stage %d, wanted stage %d", have.Stage, o.Stage)
	case have.Model != o.Model:
		return fmt.Errorf("made with the features of model %s, wanted %s: if the model before was made anew, delete this file and the models of this stage and after, and --resume makes them again", have.Model, o.Model)
	case have.Seed != o.Seed:
		return fmt.Errorf("made with --seed %d, wanted %d", have.Seed, o.Seed)
	case have.Balance != o.Balance:
		return fmt.Errorf("made with --balance %g, wanted %g", have.Balance, o.Balance)
	}
	return nil
}
