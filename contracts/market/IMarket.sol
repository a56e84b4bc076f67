// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketAudits} from "./IMarketAudits.sol";
import {IMarketContests} from "./IMarketContests.sol";
import {IMarketCore} from "./IMarketCore.sol";
import {IMarketDeadlines} from "./IMarketDeadlines.sol";
import {IMarketDemands} from "./IMarketDemands.sol";

/// Escrows payments, draws providers and settles jobs. Amounts are base units of the token, times Unix seconds.
///
///   open -> draw -> settle                      three transactions in the ordinary case
///                -> commit, reveal, advance     on chain, for whoever is ignored off chain
///                -> contest -> conclude         when results differ
///                -> settle, challenge, conclude when the resolver looks at a result that all agreed on
///                -> demand, answer              when the input or the output is withheld
///                -> audit, vouch                when the order asks for audits, or its requester does later
///        -> expire                              when nobody draws
///        -> draw, fixInput, settle              when the order leaves its input open until the draw
///        -> draw, expire                        when that input is not fixed
///
/// Every function may be called by anyone. The order is not stored: callers bring it and its digest is checked.
interface IMarket is IMarketCore, IMarketDeadlines, IMarketContests, IMarketDemands, IMarketAudits {}
