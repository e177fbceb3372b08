// Where our answer is another one on purpose.
#pragma once

#include <string_view>

#include "oracle_file.hpp"
#include "subjects.hpp"

namespace miden {

// Why our answer to the case may differ from the reference's; empty when it may not.
std::string_view accepted_difference(const OracleCase& it, const Result<Answer>& ours);

}  // namespace miden
