#include "shim.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <cstring>
#include <torch/csrc/autograd/custom_function.h>

// Products of float32 matrices on a CPU go to MKL in libtorch, which uses AVX2 on processors that are not Intel's even where
// they have AVX-512. oneDNN, which libtorch holds for bfloat16, asks the processor what it can do.
namespace {
using Product = at::Tensor(const at::Tensor &, const at::Tensor &, const std::optional<at::Tensor> &, std::string_view,
                           c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);

const std::optional<c10::TypedOperatorHandle<Product>> &onednn() {
  static const auto op = []() -> std::optional<c10::TypedOperatorHandle<Product>> {
    try {
      return c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_linear_pointwise", "").typed<Product>();
    } catch (const c10::Error &) {
      return std::nullopt; // a libtorch without oneDNN, or with another form of this operation
    }
  }();
  return op;
}

// product is x [n, in] times the transpose of w [out, in], plus b [out] where it is there.
at::Tensor product(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &b) {
  at::AutoDispatchBelowAutograd no_graph;
  return onednn()->call(x, w, b, "none", c10::List<std::optional<at::Scalar>>(), "");
}

struct Linear : torch::autograd::Function<Linear> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, at::Tensor x, at::Tensor w, std::optional<at::Tensor> b) {
    // What no gradient needs is not kept.
    context->save_for_backward({w.requires_grad() ? x : at::Tensor(), x.requires_grad() ? w : at::Tensor()});
    context->saved_data["bias"] = b.has_value(); // what is not there has no place among the inputs that may need a gradient
    return product(x, w, b);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context, torch::autograd::variable_list grads) {
    auto saved = context->get_saved_variables();
    auto dy = grads[0].contiguous();
    at::Tensor dx, dw, db;
    if (context->needs_input_grad(0)) dx = product(dy, saved[1].t(), std::nullopt);
    if (context->needs_input_grad(1)) dw = product(dy.t(), saved[0].t(), std::nullopt);
    if (context->saved_data["bias"].toBool() && context->needs_input_grad(2)) db = dy.sum(0);
    return {dx, dw, db};
  }
};

// suits tells whether oneDNN can take this product: float32, or else it would compute something else than at::linear.
bool suits(const at::Tensor &x, const at::Tensor &w) {
  auto plain = [](const at::Tensor &t) { return t.is_cpu() && t.scalar_type() == at::kFloat; };
  return onednn().has_value() && at::globalContext().userEnabledMkldnn() && plain(x) && plain(w) && x.dim() >= 2 && w.dim() == 2 && x.numel() > 0 &&
         !at::autocast::is_autocast_enabled(at::kCPU);
}
} // namespace

extern "C" char *mcl_linear(mcl_tensor *out, mcl_tensor input, mcl_tensor weight, mcl_tensor bias) {
  try {
    const auto &x = *static_cast<at::Tensor *>(input), &w = *static_cast<at::Tensor *>(weight);
    std::optional<at::Tensor> b;
    if (bias != nullptr) b = *static_cast<at::Tensor *>(bias);
    if (!suits(x, w)) {
      *out = new at::Tensor(at::linear(x, w, b));
      return nullptr;
    }
    auto shape = x.sizes().vec();
    shape.back() = w.size(0);
    auto rows = x.reshape({-1, x.size(-1)}).contiguous();
    auto y = at::GradMode::is_enabled() ? Linear::apply(rows, w, b) : product(rows, w, b);
    *out = new at::Tensor(y.reshape(shape));
    return nullptr;
  } catch (const c10::Error &e) {
    return strdup(e.what_without_backtrace());
  } catch (const std::exception &e) {
    return strdup(e.what());
  }
}
