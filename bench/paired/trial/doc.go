// Package trial gathers what an experiment gave with several seeds, and says whether one column of it is better than another:
// mean and standard deviation over the seeds, Student's paired test over the seeds, and McNemar's test over the items of all of
// them. It knows no model.
//
// The words: a setting is what is varied ("8 bits"), a column is a model or an integrated embedding ("base", "control"), a
// metric is what is asked of it ("shape").
package trial
