#pragma once
/// Type erasure for surrogates: what is chosen by name, or comes from another language.

#include <Eigen/Core>
#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/space/axis.hpp"
#include "bayestuner/surrogate/concepts.hpp"

namespace bayestuner::surrogate {

/// Any model of Surrogate by value; a copy goes its own way. A default-constructed one is a place to assign to.
class AnySurrogate {
 public:
  AnySurrogate() = default;
  template <class S>
    requires(!std::same_as<std::remove_cvref_t<S>, AnySurrogate> && Surrogate<S>)
  AnySurrogate(S surrogate) : self_(std::make_unique<Model<S>>(std::move(surrogate))) {}  // NOLINT: meant to convert

  AnySurrogate(const AnySurrogate& other) : self_(other.self_ ? other.self_->clone() : nullptr) {}
  AnySurrogate(AnySurrogate&&) noexcept = default;
  AnySurrogate& operator=(AnySurrogate other) noexcept {
    self_ = std::move(other.self_);
    return *this;
  }
  ~AnySurrogate() = default;

  void fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, const Eigen::VectorXd& noise = Eigen::VectorXd()) {
    self().fit(x, y, noise);
  }
  Posterior predict(const Eigen::MatrixXd& x) const { return self().predict(x); }

  /// Tells a model that distinguishes kinds of columns, and was not told yet, what they are; others do not care.
  void declare_axes(const std::vector<space::AxisKind>& axes) { self().declare_axes(axes); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual std::unique_ptr<Interface> clone() const = 0;
    virtual void fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, const Eigen::VectorXd& noise) = 0;
    virtual Posterior predict(const Eigen::MatrixXd& x) const = 0;
    virtual void declare_axes(const std::vector<space::AxisKind>& axes) = 0;
  };

  template <class S>
  struct Model final : Interface {
    explicit Model(S surrogate) : model(std::move(surrogate)) {}
    std::unique_ptr<Interface> clone() const override { return std::make_unique<Model>(model); }
    void fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, const Eigen::VectorXd& noise) override {
      model.fit(x, y, noise);
    }
    Posterior predict(const Eigen::MatrixXd& x) const override { return model.predict(x); }
    void declare_axes([[maybe_unused]] const std::vector<space::AxisKind>& axes) override {
      if constexpr (requires { model.options().axes = axes; }) {  // NOLINT(bugprone-assignment-in-if-condition)
        if (model.options().axes.empty()) model.options().axes = axes;
      }
    }
    S model;
  };

  Interface& self() const {
    if (!self_) throw InvalidArgument("AnySurrogate: no surrogate was assigned");
    return *self_;
  }

  std::unique_ptr<Interface> self_;
};
static_assert(Surrogate<AnySurrogate>);

}  // namespace bayestuner::surrogate
