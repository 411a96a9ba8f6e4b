"""What the synthetic market lists: names people know, with plausible characters.

The figures are typical magnitudes chosen once, not data of any day.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exchange.assets import Asset, Universe

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Listing:
    """An asset and how its synthetic market behaves.

    Attributes:
        price: USD, the level the price hovers around over the years.
        volatility: yearly, 0.25 is 25 %.
        beta: how far it follows the market factor.
        activity: relative share of ticks; a busy name has 10, a quiet one 0.5.
        spread_bp: typical spread in basis points, never less than one price step.
        step: smallest price step in USD.
        lot: typical size quoted, in shares or coins.
    """

    asset: Asset
    price: float
    volatility: float
    beta: float
    activity: float
    spread_bp: float
    step: Decimal
    lot: float

    @property
    def symbol(self) -> str:
        """Return the asset's symbol."""
        return self.asset.symbol


# symbol, name, exchange, price, volatility, beta, activity, spread in bp
_STOCKS = """
AAPL|Apple Inc. Common Stock|NASDAQ|228|0.26|1.1|10|0.5
MSFT|Microsoft Corporation Common Stock|NASDAQ|428|0.24|1.0|8|0.6
NVDA|NVIDIA Corporation Common Stock|NASDAQ|134|0.48|1.7|10|0.7
AMZN|Amazon.com, Inc. Common Stock|NASDAQ|192|0.31|1.2|8|0.6
GOOGL|Alphabet Inc. Class A Common Stock|NASDAQ|172|0.28|1.1|7|0.6
META|Meta Platforms, Inc. Class A Common Stock|NASDAQ|568|0.35|1.2|6|1.0
TSLA|Tesla, Inc. Common Stock|NASDAQ|262|0.55|1.8|10|0.8
AVGO|Broadcom Inc. Common Stock|NASDAQ|176|0.40|1.4|5|1.2
AMD|Advanced Micro Devices, Inc. Common Stock|NASDAQ|151|0.47|1.6|8|0.8
INTC|Intel Corporation Common Stock|NASDAQ|24.3|0.40|1.2|6|4.0
NFLX|Netflix, Inc. Common Stock|NASDAQ|741|0.34|1.1|3|2.0
COST|Costco Wholesale Corporation Common Stock|NASDAQ|902|0.20|0.8|1.5|3.0
PEP|PepsiCo, Inc. Common Stock|NASDAQ|166|0.16|0.5|1.5|1.2
CSCO|Cisco Systems, Inc. Common Stock|NASDAQ|56.4|0.20|0.8|3|1.8
ADBE|Adobe Inc. Common Stock|NASDAQ|497|0.32|1.2|1.5|3.0
QCOM|QUALCOMM Incorporated Common Stock|NASDAQ|167|0.34|1.3|2|1.2
PYPL|PayPal Holdings, Inc. Common Stock|NASDAQ|81.2|0.36|1.3|2|1.5
COIN|Coinbase Global, Inc. Class A Common Stock|NASDAQ|215|0.75|2.0|4|3.0
HOOD|Robinhood Markets, Inc. Class A Common Stock|NASDAQ|26.8|0.60|1.9|3|4.0
PLTR|Palantir Technologies Inc. Class A Common Stock|NASDAQ|43.5|0.58|1.7|7|2.3
SOFI|SoFi Technologies, Inc. Common Stock|NASDAQ|10.9|0.58|1.7|3|9.0
JPM|JPMorgan Chase & Co. Common Stock|NYSE|223|0.22|1.0|3|0.8
BAC|Bank of America Corporation Common Stock|NYSE|42.1|0.24|1.1|5|2.4
WFC|Wells Fargo & Company Common Stock|NYSE|64.5|0.25|1.1|2|1.6
GS|The Goldman Sachs Group, Inc. Common Stock|NYSE|522|0.25|1.2|1|3.5
V|Visa Inc. Class A Common Stock|NYSE|284|0.18|0.8|2|1.0
MA|Mastercard Incorporated Class A Common Stock|NYSE|508|0.19|0.9|1|2.0
BRK.B|Berkshire Hathaway Inc. Class B Common Stock|NYSE|456|0.15|0.7|1|1.2
JNJ|Johnson & Johnson Common Stock|NYSE|161|0.15|0.4|1.5|1.0
UNH|UnitedHealth Group Incorporated Common Stock|NYSE|565|0.26|0.6|1|3.0
PG|The Procter & Gamble Company Common Stock|NYSE|168|0.15|0.4|1|1.0
KO|The Coca-Cola Company Common Stock|NYSE|65.8|0.13|0.4|2|1.5
MCD|McDonald's Corporation Common Stock|NYSE|296|0.17|0.5|1|1.5
WMT|Walmart Inc. Common Stock|NYSE|82.4|0.18|0.5|2.5|1.2
HD|The Home Depot, Inc. Common Stock|NYSE|395|0.21|0.9|1|2.0
DIS|The Walt Disney Company Common Stock|NYSE|96.3|0.27|1.0|2|1.1
NKE|NIKE, Inc. Class B Common Stock|NYSE|78.1|0.30|0.9|1.5|1.3
BA|The Boeing Company Common Stock|NYSE|151|0.36|1.2|2|2.0
CAT|Caterpillar Inc. Common Stock|NYSE|382|0.27|1.1|1|2.5
XOM|Exxon Mobil Corporation Common Stock|NYSE|118|0.22|0.7|2.5|0.9
CVX|Chevron Corporation Common Stock|NYSE|153|0.22|0.7|1.5|1.0
PFE|Pfizer Inc. Common Stock|NYSE|28.4|0.24|0.6|3|3.5
T|AT&T Inc. Common Stock|NYSE|22.1|0.19|0.5|2.5|4.5
VZ|Verizon Communications Inc. Common Stock|NYSE|41.7|0.19|0.4|1.5|2.4
F|Ford Motor Company Common Stock|NYSE|10.6|0.36|1.2|3|9.4
GM|General Motors Company Common Stock|NYSE|52.4|0.34|1.2|1.5|1.9
IBM|International Business Machines Corporation Common Stock|NYSE|210|0.22|0.7|1|1.5
AIG|American International Group, Inc. Common Stock|NYSE|76.2|0.23|0.9|0.7|1.4
UBER|Uber Technologies, Inc. Common Stock|NYSE|72.8|0.40|1.3|3|1.4
GME|GameStop Corp. Class A Common Stock|NYSE|22.6|0.80|1.1|1.5|5.0
SPY|SPDR S&P 500 ETF Trust|ARCA|581|0.16|1.0|10|0.2
QQQ|Invesco QQQ Trust, Series 1|NASDAQ|494|0.21|1.2|8|0.3
IWM|iShares Russell 2000 ETF|ARCA|221|0.22|1.2|5|0.5
DIA|SPDR Dow Jones Industrial Average ETF Trust|ARCA|424|0.14|0.9|1.5|0.7
GLD|SPDR Gold Shares|ARCA|251|0.15|0.1|2|0.5
TLT|iShares 20+ Year Treasury Bond ETF|NASDAQ|92.5|0.15|-0.1|2|1.1
"""

# symbol, name, price, volatility, beta, activity, spread in bp, price step, coins quoted
_PAIRS = """
BTC/USD|Bitcoin / US Dollar|68250|0.55|1.2|6|2.5|0.01|0.6
ETH/USD|Ethereum / US Dollar|2610|0.65|1.4|5|3.5|0.01|8
SOL/USD|Solana / US Dollar|172|0.85|1.6|3|5|0.001|90
LTC/USD|Litecoin / US Dollar|70.4|0.70|1.2|1|7|0.001|150
DOGE/USD|Dogecoin / US Dollar|0.141|0.95|1.6|2|9|0.00001|60000
AVAX/USD|Avalanche / US Dollar|26.7|0.90|1.6|1|9|0.001|300
"""


def listings() -> tuple[Listing, ...]:
    """Return everything the synthetic market lists, stocks first."""
    stocks = tuple(_stock(*line.split("|")) for line in _STOCKS.split("\n") if line)
    return stocks + tuple(_pair(*line.split("|")) for line in _PAIRS.split("\n") if line)


def default_universe() -> Universe:
    """Return a fresh universe of the listed assets."""
    return Universe(listing.asset for listing in listings())


def stock_asset(symbol: str, name: str = "", exchange: str = "NYSE") -> Asset:
    """Return a plain tradable stock, for example one that only a tape knows."""
    return Asset(symbol=symbol, name=name or symbol, exchange=exchange)


def pair_asset(symbol: str, name: str = "", step: Decimal = CENT) -> Asset:
    """Return a crypto pair with Alpaca's usual increments."""
    return Asset(
        symbol=symbol,
        name=name or symbol,
        asset_class="crypto",
        exchange="CRYPTO",
        marginable=False,
        shortable=False,
        easy_to_borrow=False,
        min_order_size=Decimal("0.000000001"),
        min_trade_increment=Decimal("0.000000001"),
        price_increment=step,
    )


def _stock(symbol: str, name: str, exchange: str, *figures: str) -> Listing:
    price, volatility, beta, activity, spread_bp = (float(figure) for figure in figures)
    asset = stock_asset(symbol, name, exchange)
    lot = 100.0 if price > 60 else 400.0  # cheap shares are quoted in larger lots
    return Listing(asset, price, volatility, beta, activity, spread_bp, CENT, lot)


def _pair(symbol: str, name: str, *figures: str) -> Listing:
    price, volatility, beta, activity, spread_bp = (float(figure) for figure in figures[:5])
    step = Decimal(figures[5])
    asset = pair_asset(symbol, name, step)
    return Listing(asset, price, volatility, beta, activity, spread_bp, step, float(figures[6]))
