#include <algorithm>

#include <nlohmann/json.hpp>

#include "gateway/billing/bill.h"
#include "gateway/usage/answers/report.h"
#include "proto/base/calendar.h"
#include "proto/base/utf8.h"

namespace gateway::billing {

namespace {

using nlohmann::ordered_json;

// Bytes are whole billionths of a GB; the other units are not always finite, nor need to be.
constexpr unsigned kBytePlaces = 9;
constexpr unsigned kOtherPlaces = 6;
// For machines: enough for bytes times a price of 12 places.
constexpr unsigned kExactPlaces = 21;

constexpr size_t kTextWidth = 46;
constexpr size_t kQuantityWidth = 17;
constexpr size_t kUnitWidth = 8;
constexpr size_t kPriceWidth = 12;
constexpr size_t kAmountWidth = 14;
constexpr size_t kLineWidth =
    kTextWidth + kQuantityWidth + 1 + kUnitWidth + kPriceWidth + kAmountWidth;

std::string left(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string right(std::string text, size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

std::string quantity_of(const BillLine& line) {
  return line.quantity.print_short(line.unit == "GB" ? kBytePlaces : kOtherPlaces);
}

std::string exact(const Decimal& number) { return number.print_short(kExactPlaces); }

std::string price_of(const BillLine& line) { return line.price ? exact(*line.price) : ""; }

std::string direction_of(const DomainBill& bill) {
  return bill.direction == config::DomainUsage::Direction::both ? "both" : "out";
}

std::string gigabytes(uint64_t bytes) {
  return Decimal(bytes, 1'000'000'000).print_short(kBytePlaces);
}

std::string table_line(const BillLine& line, unsigned digits) {
  std::string out;
  // What does not fit has a line of its own, so that the columns stay where they are.
  if (line.text.size() + 2 >= kTextWidth) {
    out = "  " + line.text + '\n' + left("", kTextWidth);
  } else {
    out = left("  " + line.text, kTextWidth);
  }
  const std::string price = line.price ? price_of(line) : "-";
  return out + right(quantity_of(line), kQuantityWidth) + ' ' + left(line.unit, kUnitWidth) +
         right(price, kPriceWidth) + right(line.amount.print(digits), kAmountWidth) + '\n';
}

std::string total_line(const std::string& text, const Decimal& total, const Bill& bill) {
  const std::string amount = total.print(bill.digits);
  return left(text, kLineWidth - std::max(amount.size(), kAmountWidth)) +
         right(amount, kAmountWidth) + '\n';
}

std::string table_of(const DomainBill& domain, const Bill& bill) {
  std::string out = proto::printable(domain.domain) + ", by " +
                    std::string(to_string(domain.mode)) + ", direction " + direction_of(domain) +
                    '\n';
  out += left("  item", kTextWidth) + right("quantity", kQuantityWidth) + ' ' +
         left("unit", kUnitWidth) + right("price", kPriceWidth) + right("amount", kAmountWidth) +
         '\n';
  for (const BillLine& line : domain.lines) out += table_line(line, bill.digits);
  out += total_line("  total", domain.total, bill);
  for (const std::string& note : domain.notes) out += "  " + note + '\n';
  return out + '\n';
}

std::string table_of(const PackBalance& pack, const Bill& bill) {
  const std::string whose = pack.domain.empty() ? "" : " of " + pack.domain;
  return "pack " + pack.pack.name + whose + ", " + gigabytes(pack.pack.bytes) + " GB until " +
         proto::format_moment(pack.pack.to, bill.zone) + "\n  used before " +
         gigabytes(pack.used_before) + ", now " + gigabytes(pack.used) + ", left " +
         gigabytes(pack.left) + " GB\n";
}

std::string table(const Bill& bill) {
  std::string out = std::string(bill.final ? "Bill" : "Estimate") + ", " +
                    proto::format_moment(bill.from, bill.zone) + " to " +
                    proto::format_moment(bill.to, bill.zone) + ", in " + bill.currency + "\n\n";
  for (const DomainBill& domain : bill.domains) out += table_of(domain, bill);
  for (const PackBalance& pack : bill.packs) out += table_of(pack, bill);
  if (!bill.packs.empty()) out += '\n';
  out += total_line("total, " + bill.currency, bill.total, bill);
  for (const std::string& note : bill.notes) out += note + '\n';
  return out;
}

std::string csv(const Bill& bill) {
  std::string out = "domain,mode,begin,item,quantity,unit,price,exact,amount,currency,final\n";
  const std::string end = ',' + bill.currency + ',' + (bill.final ? "true" : "false") + '\n';
  for (const DomainBill& domain : bill.domains) {
    const std::string begin =
        usage::answers::csv_cell(domain.domain) + ',' + std::string(to_string(domain.mode)) + ',';
    for (const BillLine& line : domain.lines) {
      out += begin + proto::format_moment(line.begin, bill.zone) + ',' +
             usage::answers::csv_cell(line.text) + ',' + exact(line.quantity) + ',' +
             usage::answers::csv_cell(line.unit) + ',' + price_of(line) + ',' + exact(line.exact) +
             ',' + line.amount.print(bill.digits) + end;
    }
    out += begin + proto::format_moment(bill.from, bill.zone) + ",total,,,,," +
           domain.total.print(bill.digits) + end;
  }
  return out;
}

ordered_json json_of(const BillLine& line, const Bill& bill) {
  ordered_json out = {{"begin", proto::format_moment(line.begin, bill.zone)},
                      {"item", line.text},
                      {"quantity", exact(line.quantity)},
                      {"unit", line.unit},
                      {"price", nullptr},
                      {"exact", exact(line.exact)},
                      {"amount", line.amount.print(bill.digits)}};
  if (line.price) out["price"] = price_of(line);
  return out;
}

ordered_json json_of(const DomainBill& domain, const Bill& bill) {
  ordered_json lines = ordered_json::array();
  for (const BillLine& line : domain.lines) lines.push_back(json_of(line, bill));
  return {{"domain", domain.domain},
          {"mode", to_string(domain.mode)},
          {"direction", direction_of(domain)},
          {"lines", std::move(lines)},
          {"total", domain.total.print(bill.digits)},
          {"notes", domain.notes}};
}

ordered_json json_of(const PackBalance& pack, const Bill& bill) {
  ordered_json out = {{"name", pack.pack.name},
                      {"domain", nullptr},
                      {"from", proto::format_moment(pack.pack.from, bill.zone)},
                      {"to", proto::format_moment(pack.pack.to, bill.zone)},
                      {"bytes", pack.pack.bytes},
                      {"used_before_bytes", pack.used_before},
                      {"used_bytes", pack.used},
                      {"left_bytes", pack.left}};
  if (!pack.domain.empty()) out["domain"] = pack.domain;
  return out;
}

std::string json(const Bill& bill) {
  ordered_json out = {{"from", proto::format_moment(bill.from, bill.zone)},
                      {"to", proto::format_moment(bill.to, bill.zone)},
                      {"currency", bill.currency},
                      {"final", bill.final},
                      {"domains", ordered_json::array()},
                      {"packs", ordered_json::array()},
                      {"total", bill.total.print(bill.digits)},
                      {"notes", bill.notes}};
  for (const DomainBill& domain : bill.domains) out["domains"].push_back(json_of(domain, bill));
  for (const PackBalance& pack : bill.packs) out["packs"].push_back(json_of(pack, bill));
  // Names come from files of the operator's, which are UTF-8, but a ledger can be anything.
  return out.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace

std::string print_bill(const Bill& bill, usage::answers::Format format) {
  switch (format) {
    case usage::answers::Format::table:
      return table(bill);
    case usage::answers::Format::csv:
      return csv(bill);
    case usage::answers::Format::json:
      break;
  }
  return json(bill);
}

}  // namespace gateway::billing
