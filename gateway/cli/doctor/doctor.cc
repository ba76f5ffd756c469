#include "gateway/cli/doctor/doctor.h"

#include <ostream>
#include <utility>

#include "gateway/cli/doctor/certificate.h"
#include "gateway/cli/doctor/connection.h"
#include "gateway/cli/doctor/https.h"
#include "gateway/cli/doctor/owner.h"
#include "gateway/cli/doctor/proxy.h"
#include "gateway/cli/doctor/reach.h"

namespace gateway::cli::doctor {

namespace {

class Report {
 public:
  Report(bool json, std::ostream& out) : json_(json), out_(out) {}

  void add(Step step, Finding finding) {
    if (!json_) out_ << line_of(step, finding) << std::endl;
    findings_[static_cast<size_t>(step)] = std::move(finding);
  }

  Findings close() {
    if (!json_) {
      out_ << last_line(findings_) << '\n';
      return findings_;
    }
    const auto cause = first_cause(findings_);
    for (size_t i = 0; i < kSteps; ++i)
      out_ << json_of(static_cast<Step>(i), findings_[i], cause == static_cast<Step>(i)) << '\n';
    return findings_;
  }

 private:
  bool json_;
  std::ostream& out_;
  Findings findings_;
};

}  // namespace

Findings examine(const Subject& configured, bool json, std::ostream& out) {
  net::Loop loop;
  net::dns::Resolver resolver(loop);
  const Onlooker onlooker;
  Report report(json, out);
  const Subject subject = with_ports_that_won(configured);
  // Which address a page would go to has to be known before it is gone to.
  const Reaches reaches = reach(loop, resolver, subject);
  const Connection connection = look_at_connection(loop, onlooker, subject, reaches);
  report.add(Step::connection, connection.finding);
  report.add(Step::port, look_at_ports(reaches));
  report.add(Step::owner, look_at_owners(configured));
  report.add(Step::proxy, look_at_proxy(loop, subject, connection));
  report.add(Step::https, look_at_https(loop, onlooker, subject, reaches));
  report.add(Step::firewall, look_for_firewall(loop, subject, reaches));
  return report.close();
}

}  // namespace gateway::cli::doctor
