#include "gateway/usage/answers/api.h"

#include <array>
#include <map>

#include <nlohmann/json.hpp>

#include "gateway/usage/answers/dcdn_api.h"
#include "gateway/usage/answers/query.h"
#include "gateway/usage/budget.h"
#include "proto/base/encoding.h"

namespace gateway::usage::answers {

namespace {

using Json = nlohmann::ordered_json;
using WriteAnswer = std::string (*)(const Series&, const Question&, std::string_view,
                                    std::string_view);

// As DCDN writes one: a random UUID in capitals.
std::string new_request_id() {
  std::array<uint8_t, 16> bytes{};
  proto::random_bytes(bytes);
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3F) | 0x80);
  std::string id = proto::to_hex(bytes);
  for (char& c : id) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  for (const size_t place : {size_t{20}, size_t{16}, size_t{12}, size_t{8}})
    id.insert(place, 1, '-');
  return id;
}

ApiAnswer failed(const ApiCall& call, const std::string& why) {
  return unavailable(call.give_up && call.give_up() ? 503 : 500, why);
}

// The asked domains that are nowhere: no configuration names them, and no row is of them.
proto::Result<std::vector<std::string>, std::string> nowhere(Rows& rows, const ApiCall& call,
                                                             const Question& question) {
  std::vector<std::string> doubtful;
  for (const std::string& domain : question.domains) {
    const bool configured = call.tariffs != nullptr && call.tariffs->find(domain) != nullptr;
    if (!configured && domain != config::kUnmatched) doubtful.push_back(domain);
  }
  return without_rows(rows, doubtful, call.give_up);
}

ApiAnswer dcdn_answer(Rows& rows, const ApiCall& call, WriteAnswer write) {
  const std::string id = new_request_id();
  auto question = api_question(call.query, call.now, call.keep);
  if (!question) return {400, fault_answer(question.error(), id)};
  if (call.tariffs != nullptr) {
    for (std::string& domain : question->domains) domain = call.tariffs->label_of(domain);
  }
  question->tariffs = call.tariffs;
  question->give_up = call.give_up;
  const auto series = ask(rows, *question);
  if (!series) return failed(call, series.error());
  const auto unknown = nowhere(rows, call, *question);
  if (!unknown) return failed(call, unknown.error());
  if (!unknown->empty()) {
    return {404, fault_answer({"InvalidDomain.NotFound", "There is no domain " + unknown->front() +
                                                             " here, and no usage of one."},
                              id)};
  }
  return {200, write(series->front(), *question, query_parameter(call.query, "DomainName"), id)};
}

// Domain names come from the ledger's file, so they may be anything but have to be JSON.
std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json standing_json(const Series& today) {
  const Totals& total = today.total;
  Json json;
  json["domain"] = today.domain;
  json["client_bytes_out"] = total[Field::client_bytes_out];
  json["client_bytes_in"] = total[Field::client_bytes_in];
  json["billable_bytes"] = today.billed;
  json["peak_out_bits_per_second"] = today.peak_out.bits_per_second;
  json["sessions"] = sessions(total);
  json["messages"] = messages(total);
  json["refused"] = refusals(total);
  json["http_requests"] = total[Field::http_requests];
  json["client_http_out"] = total[Field::client_http_out];
  json["client_http_in"] = total[Field::client_http_in];
  return json;
}

Json budget_json(const BudgetPlan& plan, const Totals& used, int64_t now) {
  Json json;
  json["period"] = plan.period == BudgetPlan::Period::day ? "day" : "month";
  json["from"] = format_time(period_begin(plan.period, now));
  json["to"] = format_time(period_end(plan.period, now));
  json["standing"] = to_string(judge(plan, used));
  json["used_percent"] = used_share(plan, used) * 100;
  return json;
}

class Standing {
 public:
  Standing(Rows& rows, const ApiCall& call) : rows_(rows), call_(call) {
    for (const auto& [domain, usage] : call.tariffs->domains) {
      const BudgetPlan plan = budget_plan(usage);
      if (plan.limits_anything()) plans_.try_emplace(domain, plan);
    }
  }

  ApiAnswer answer() {
    const auto today = sums(BudgetPlan::Period::day, {});
    if (!today) return failed(call_, today.error());
    const auto month = month_of_budgets();
    if (!month) return failed(call_, month.error());
    Json head;
    head["node"] = call_.node;
    head["time"] = format_time(call_.now);
    head["from"] = format_time(period_begin(BudgetPlan::Period::day, call_.now));
    text_ = dumped(head);
    text_.back() = ',';  // the object goes on
    text_ += R"("domains":[)";
    Patience patience(call_.give_up);
    for (const Series& series : *today) {
      if (patience.is_over()) return failed(call_, kGivenUp);
      append(series);
    }
    // A month's budget may be used up by a domain that is quiet today.
    for (const auto& [domain, plan] : plans_) {
      if (told_.contains(domain)) continue;
      Series quiet;
      quiet.domain = domain;
      append(quiet);
    }
    return {200, std::move(text_) + "]}"};
  }

 private:
  using Sums = proto::Result<std::vector<Series>, std::string>;

  // Domain by domain: a tree of all of them would take many times the text's memory.
  void append(const Series& series) {
    if (!told_.empty()) text_ += ',';
    text_ += dumped(with_budget(series));
  }

  Sums sums(BudgetPlan::Period period, std::vector<std::string> domains) {
    Question question;
    question.domains = std::move(domains);
    question.from = period_begin(period, call_.now);
    question.to = period_end(period, call_.now);
    question.interval = question.to - question.from;
    question.percentiles = false;
    question.tariffs = call_.tariffs;
    question.give_up = call_.give_up;
    return ask(rows_, question);
  }

  Sums month_of_budgets() {
    std::vector<std::string> domains;
    for (const auto& [domain, plan] : plans_) {
      if (plan.period == BudgetPlan::Period::month) domains.push_back(domain);
    }
    if (domains.empty()) return std::vector<Series>{};
    auto months = sums(BudgetPlan::Period::month, std::move(domains));
    if (!months) return months;
    for (const Series& series : *months) month_[series.domain] = series.total;
    return months;
  }

  Json with_budget(const Series& today) {
    told_[today.domain] = true;
    Json json = standing_json(today);
    if (const auto plan = plans_.find(today.domain); plan != plans_.end()) {
      const bool monthly = plan->second.period == BudgetPlan::Period::month;
      json["budget"] =
          budget_json(plan->second, monthly ? month_[today.domain] : today.total, call_.now);
    }
    return json;
  }

  Rows& rows_;
  const ApiCall& call_;
  std::map<std::string, BudgetPlan> plans_;
  std::map<std::string, Totals> month_;
  std::map<std::string, bool> told_;
  std::string text_;
};

}  // namespace

ApiAnswer answer(Rows& rows, const ApiCall& call) {
  if (call.path == "/usage/websocket/traffic") return dcdn_answer(rows, call, traffic_answer);
  if (call.path == "/usage/websocket/bps") return dcdn_answer(rows, call, bps_answer);
  if (call.path == "/usage/websocket/http-codes") return dcdn_answer(rows, call, http_codes_answer);
  if (call.path == "/usage") {
    static const Tariffs kNone;
    ApiCall known = call;
    if (known.tariffs == nullptr) known.tariffs = &kNone;
    return Standing(rows, known).answer();
  }
  return {404, fault_answer({"InvalidAction.NotFound",
                             "There are /usage, /usage/websocket/traffic, /usage/websocket/bps and "
                             "/usage/websocket/http-codes."},
                            new_request_id())};
}

ApiAnswer unavailable(int status, std::string_view why) {
  return {status,
          fault_answer({status == 503 ? "ServiceUnavailable" : "InternalError", std::string(why)},
                       new_request_id())};
}

}  // namespace gateway::usage::answers
