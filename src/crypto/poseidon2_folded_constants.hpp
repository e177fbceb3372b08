// Round constants moved to where the vector permutations get them for nothing: into the biases that
// the last multiplication of an S-box starts from. Internal to src/crypto; everything is computed
// by the compiler.
#pragma once

#include <array>

#include "crypto/felt.hpp"
#include "crypto/poseidon2_constants.hpp"

namespace miden {

using FoldedRound = std::array<Felt, 12>;

consteval Felt inverse(Felt x) {
  Felt power = Felt::from_canonical(1);
  for (uint64_t exponent = Felt::kModulus - 2; exponent > 0; exponent >>= 1) {
    if (exponent & 1) power = power * x;
    x = x * x;
  }
  return power;
}

consteval Felt felt(uint64_t value) { return Felt::reduce(value); }

// What added before the external matrix comes out of it as `constants`.
//
// A chunk of the result is M4 (x_c + x_0 + x_1 + x_2), and M4 = J + I + 2 P (J all ones, P x[i] =
// x[i+1]): with z = M4 x - sum(x) = (I + 2 P) x and P^4 = I, x = -(I - 2 P + 4 P^2 - 8 P^3) z / 15.
consteval FoldedRound before_external_matrix(const FoldedRound& constants) {
  const Felt seventh = inverse(felt(7));
  const Felt minus_fifteenth = Felt() - inverse(felt(15));
  FoldedRound x{};
  for (size_t c = 0; c < 12; c += 4) {
    Felt sum;
    for (size_t i = 0; i < 4; ++i) sum = sum + constants[c + i];
    sum = sum * seventh;
    for (size_t i = 0; i < 4; ++i) {
      const auto z = [&](size_t j) { return constants[c + (i + j) % 4] - sum; };
      x[c + i] = (z(0) - felt(2) * z(1) + felt(4) * z(2) - felt(8) * z(3)) * minus_fifteenth;
    }
  }
  for (size_t i = 0; i < 4; ++i) {
    const Felt sum = (x[i] + x[i + 4] + x[i + 8]) * inverse(felt(4));
    for (size_t c = 0; c < 12; c += 4) x[c + i] = x[c + i] - sum;
  }
  return x;
}

consteval FoldedRound felts_of(const Poseidon2Round& round) {
  FoldedRound felts;
  for (size_t i = 0; i < 12; ++i) felts[i] = felt(round[i]);
  return felts;
}

// Added to the S-boxes' outputs in the first four external rounds: the constants of the next three,
// and of the first internal round.
consteval std::array<FoldedRound, 4> fold_initial_constants() {
  std::array<FoldedRound, 4> folded;
  for (size_t r = 0; r < 3; ++r) {
    folded[r] = before_external_matrix(felts_of(kExternalInitialConstants[r + 1]));
  }
  FoldedRound first_internal{};
  first_internal[0] = felt(kInternalConstants[0]);
  folded[3] = before_external_matrix(first_internal);
  return folded;
}

// The same for the last four external rounds; nothing follows the last one.
consteval std::array<FoldedRound, 4> fold_terminal_constants() {
  std::array<FoldedRound, 4> folded{};
  for (size_t r = 0; r < 3; ++r) {
    folded[r] = before_external_matrix(felts_of(kExternalTerminalConstants[r + 1]));
  }
  return folded;
}

struct FoldedInternal {
  // Added to the S-box's output in each internal round.
  std::array<Felt, 22> after_sbox;
  // Added to elements 1 to 11 after the internal rounds: takes out what the former left, and brings
  // in the constants of the first terminal round; element 0 has its own already.
  FoldedRound after_rounds;
};

// The internal rounds as poseidon2_limbs.hpp describes them, with a constant k added to each
// S-box's output y. The next first element, (sum of the others) - y, must come out right with its
// round's constant; every other element is off by an amount that depends on nothing but the
// constants, followed here. `sum_offset` is what an implementation adds to the sum of the state
// besides; `initial_one` to element 1 beforehand.
consteval FoldedInternal fold_internal_constants(Felt sum_offset, Felt initial_one) {
  const Felt half = inverse(felt(2));
  struct Pair {
    size_t a, b;
    Felt factor;
    Felt sum{};
    Felt before{};
  };
  std::array<Pair, 4> pairs = {
      {{3, 6, half}, {4, 7, felt(3)}, {5, 8, felt(4)}, {9, 10, half * half}}};
  const FoldedRound terminal = felts_of(kExternalTerminalConstants[0]);
  Felt one = initial_one;
  Felt two;
  Felt eighth;
  FoldedInternal folded{};
  for (size_t r = 0; r < 22; ++r) {
    Felt others = one + two + eighth;
    for (const Pair& pair : pairs) others = others + pair.sum;
    const Felt next = r + 1 < 22 ? felt(kInternalConstants[r + 1]) : terminal[0];
    folded.after_sbox[r] = others - next;
    const Felt total = others + folded.after_sbox[r] + sum_offset;
    one = total + one;
    two = total + felt(2) * two;
    eighth = total + half * half * half * eighth;
    for (Pair& pair : pairs) {
      const Felt sum = felt(2) * total + pair.factor * pair.factor * pair.before;
      pair.before = pair.sum;
      pair.sum = sum;
    }
  }
  FoldedRound left{};
  left[1] = one;
  left[2] = two;
  left[11] = eighth;
  for (const Pair& pair : pairs) {
    const Felt difference = pair.factor * pair.before;
    left[pair.a] = (pair.sum + difference) * half;
    left[pair.b] = (pair.sum - difference) * half;
  }
  for (size_t i = 1; i < 12; ++i) folded.after_rounds[i] = terminal[i] - left[i];
  return folded;
}

}  // namespace miden
