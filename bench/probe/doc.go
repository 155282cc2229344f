// Package probe asks what can be read out of frozen features: logistic regression (the linear probe of Radford et al. 2021, arXiv
// 2103.00020, appendix A.3) and k nearest neighbours.
//
// The linear probe is multinomial logistic regression with a penalty on the weights, fitted by L-BFGS: the objective of
// scikit-learn's LogisticRegression, which OpenAI's evaluation uses with C = 0.316. For two classes it is, as there, one weight
// vector.
//
// Dimensions: n features, D their width, C classes. The package knows no model.
package probe
