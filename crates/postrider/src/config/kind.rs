//! The kinds of values: how a text becomes a field, and how a kind is described.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use domain::limits::SERVICE_NAME_BYTES_MAX;
use domain::trace_context::Share;
use ipnet::IpNet;
use url::Url;

use super::types::Config;
use super::units::{Fault, parse_duration, parse_size, show_duration, show_size};

/// What a value may be, and the field it goes to.
pub enum Kind {
    /// A path; never empty.
    Path(Field<PathBuf>),
    /// A path; empty means none.
    OptionalPath(Field<Option<PathBuf>>),
    /// An IP address and a port.
    Address(Field<SocketAddr>),
    /// Networks in CIDR notation, separated by commas; empty means none.
    Networks(Field<Vec<IpNet>>),
    /// IP addresses of name servers, each with a port or not, separated by commas; empty means none.
    Servers(Field<Vec<SocketAddr>>),
    /// A number of bytes.
    Size(Field<usize>, Bounds<usize>),
    /// A span of time.
    Duration(Field<Duration>, Bounds<Duration>),
    /// A whole number.
    Count(Field<usize>, Bounds<usize>),
    /// A URL of http or https; empty means none.
    OptionalUrl(Field<Option<Url>>),
    /// A share of a whole, in millionths.
    Share(Field<u32>),
    /// A text that is a name; never empty.
    Name(Field<String>),
    /// One of a few words.
    Choice(&'static [Choice]),
}

/// The port of name servers. Source: RFC 1035.
const NAME_SERVER_PORT: u16 = 53;

/// The field of a config that a value goes to.
pub type Field<T> = fn(&mut Config) -> &mut T;

/// The least and the greatest value that is taken, both included.
#[derive(Clone, Copy)]
pub struct Bounds<T> {
    /// The least.
    pub least: T,
    /// The greatest.
    pub most: T,
}

/// One of the words a value may be.
pub struct Choice {
    /// The word.
    pub word: &'static str,
    /// What it means, as a clause.
    pub meaning: &'static str,
    /// Puts it into the config.
    pub pick: fn(&mut Config),
}

impl Kind {
    /// Reads `text` and puts the value into its field.
    ///
    /// # Errors
    /// A [`Fault`] where the text is not of this kind or outside its bounds; nothing is put then.
    pub fn set(&self, config: &mut Config, text: &str) -> Result<(), Fault> {
        match self {
            Self::Path(field) => *field(config) = parse_path(text)?,
            Self::OptionalPath(field) => *field(config) = parse_path(text).ok(),
            Self::Address(field) => *field(config) = parse_address(text)?,
            Self::Networks(field) => *field(config) = parse_networks(text)?,
            Self::Servers(field) => {
                *field(config) = split_list(text).map(parse_server).collect::<Result<_, _>>()?;
            }
            Self::Size(field, bounds) => {
                *field(config) = bounds.check(text, parse_size(text)?, show_size)?;
            }
            Self::Duration(field, bounds) => {
                *field(config) = bounds.check(text, parse_duration(text)?, show_duration)?;
            }
            Self::Count(field, bounds) => {
                *field(config) =
                    bounds.check(text, parse_count(text)?, |count| count.to_string())?;
            }
            Self::OptionalUrl(field) => {
                let text = text.trim();
                *field(config) = (!text.is_empty()).then(|| parse_url(text)).transpose()?;
            }
            Self::Share(field) => *field(config) = parse_share(text)?,
            Self::Name(field) => *field(config) = parse_name(text)?,
            Self::Choice(choices) => (find_choice(choices, text)?.pick)(config),
        }
        Ok(())
    }

    /// Whether several values make sense.
    pub fn is_list(&self) -> bool {
        matches!(self, Self::Networks(_) | Self::Servers(_))
    }

    /// Whether a number may have a dot.
    pub fn is_share(&self) -> bool {
        matches!(self, Self::Share(_))
    }

    /// A word for the kind, as a placeholder in `--help`.
    pub fn placeholder(&self) -> &'static str {
        match self {
            Self::Path(_) | Self::OptionalPath(_) => "PATH",
            Self::Address(_) | Self::Servers(_) => "ADDRESS",
            Self::Networks(_) => "NETWORK",
            Self::Size(..) => "SIZE",
            Self::Duration(..) => "DURATION",
            Self::Count(..) | Self::Share(_) => "NUMBER",
            Self::OptionalUrl(_) => "URL",
            Self::Name(_) => "NAME",
            Self::Choice(_) => "WORD",
        }
    }

    /// What may be written, as a sentence for the reference page.
    pub fn describe(&self) -> String {
        match self {
            Self::Path(_) => "A path.".into(),
            Self::OptionalPath(_) => "A path; empty means none.".into(),
            Self::Address(_) => "An IP address and a port; port 0 lets the system choose.".into(),
            Self::Networks(_) => "A list of networks such as `10.0.0.0/8` or `fd00::/8`.".into(),
            Self::Servers(_) => {
                "A list of IP addresses such as `10.0.0.53`, or `10.0.0.53:5353`; the port is 53 \
                 where it is not given."
                    .into()
            }
            Self::Size(_, bounds) => {
                format!("A size, from {} to {}.", show_size(bounds.least), show_size(bounds.most))
            }
            Self::Duration(_, Bounds { least, most }) => {
                format!("A duration, from {} to {}.", show_duration(*least), show_duration(*most))
            }
            Self::Count(_, bounds) => {
                format!("A whole number, from {} to {}.", bounds.least, bounds.most)
            }
            Self::OptionalUrl(_) => {
                "A URL such as `http://127.0.0.1:4318`, without user or query; empty means none."
                    .into()
            }
            Self::Share(_) => "A number from 0 to 1, such as `0.01`; `1` means all.".into(),
            Self::Name(_) => "A name of at most 255 bytes.".into(),
            Self::Choice(choices) => format!("One of {}.", list_of_words(choices)),
        }
    }

    /// The text as a TOML value.
    pub fn as_toml(&self, text: &str) -> String {
        match self {
            Self::Count(..) => text.trim().to_owned(),
            Self::Networks(_) | Self::Servers(_) => {
                let quoted: Vec<String> = split_list(text).map(toml_string).collect();
                format!("[{}]", quoted.join(", "))
            }
            _ => toml_string(text),
        }
    }
}

impl<T: PartialOrd + Copy> Bounds<T> {
    fn check(&self, text: &str, value: T, show: fn(T) -> String) -> Result<T, Fault> {
        let text = text.trim();
        if value < self.least {
            let hint = format!("the least is {}", show(self.least));
            return Err(Fault::new(format!("{text:?} is too small"), hint));
        }
        if value > self.most {
            let hint = format!("the most is {}", show(self.most));
            return Err(Fault::new(format!("{text:?} is too large"), hint));
        }
        Ok(value)
    }
}

/// The parts of a list, without the spaces around them.
pub fn split_list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn toml_string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list_of_words(choices: &[Choice]) -> String {
    let words: Vec<String> = choices.iter().map(|choice| format!("`{}`", choice.word)).collect();
    words.join(", ")
}

fn parse_path(text: &str) -> Result<PathBuf, Fault> {
    if text.is_empty() {
        return Err(Fault::new("the path is empty", "write a path, for example ./data"));
    }
    Ok(PathBuf::from(text))
}

fn parse_address(text: &str) -> Result<SocketAddr, Fault> {
    let text = text.trim();
    text.parse().map_err(|_| {
        let hint = match text.rsplit_once(':') {
            Some(("localhost", port)) => format!("write 127.0.0.1:{port}"),
            Some(("", port)) => format!("write 0.0.0.0:{port} to listen on every address"),
            _ if text.parse::<u16>().is_ok() => {
                format!("write 127.0.0.1:{text}, or 0.0.0.0:{text} for every address")
            }
            _ => "write an IP address and a port, for example 127.0.0.1:8080".into(),
        };
        Fault::new(format!("{text:?} is not an address to listen on"), hint)
    })
}

fn parse_networks(text: &str) -> Result<Vec<IpNet>, Fault> {
    split_list(text).map(parse_network).collect()
}

fn parse_network(text: &str) -> Result<IpNet, Fault> {
    let network = match text.parse::<IpNet>() {
        Ok(network) => network,
        Err(_) => text.parse::<IpAddr>().map(IpNet::from).map_err(|_| {
            let hint = "write networks in CIDR notation, for example 10.0.0.0/8";
            Fault::new(format!("{text:?} is not a network"), hint)
        })?,
    };
    if network.trunc() != network {
        let hint = format!("write {} or {}", network.trunc(), IpNet::from(network.addr()));
        return Err(Fault::new(format!("{text:?} has bits set beyond its prefix"), hint));
    }
    Ok(network)
}

fn parse_server(text: &str) -> Result<SocketAddr, Fault> {
    let bare = || text.parse::<IpAddr>().map(|address| SocketAddr::new(address, NAME_SERVER_PORT));
    text.parse().or_else(|_| bare()).map_err(|_| {
        let hint = "write an IP address, for example 10.0.0.53, or one with a port";
        Fault::new(format!("{text:?} is not the address of a name server"), hint)
    })
}

fn parse_url(text: &str) -> Result<Url, Fault> {
    let fault = |hint: &str| Fault::new(format!("{text:?} is not the URL of a collector"), hint);
    let url = Url::parse(text);
    let url = url.map_err(|_| fault("write it whole, for example http://127.0.0.1:4318"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(fault("only http and https can be used"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // It may hold a secret, which is not shown.
        let hint = "put it into POSTRIDER_OTEL_HEADERS as authorization=Basic%20…";
        return Err(Fault::new("the URL of a collector cannot have a user", hint));
    }
    match url.query().or(url.fragment()) {
        Some(_) => Err(fault("leave out what begins with ? or #")),
        None => Ok(url),
    }
}

/// Reads a share as digits, at most six of them behind the dot.
fn parse_share(text: &str) -> Result<u32, Fault> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let are_digits = [whole, part].iter().all(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
    let millionths = format!("{whole}{part:0<6}").parse::<u32>();
    match millionths {
        Ok(parts)
            if are_digits && !whole.is_empty() && part.len() <= 6 && parts <= Share::WHOLE =>
        {
            Ok(parts)
        }
        _ => Err(Fault::new(
            format!("{text:?} is not a share"),
            "write a number from 0 to 1, with six digits behind the dot at most, for example 0.01",
        )),
    }
}

fn parse_name(text: &str) -> Result<String, Fault> {
    let name = text.trim();
    if name.is_empty() || name.len() > SERVICE_NAME_BYTES_MAX || name.contains(char::is_control) {
        let hint = format!("write one line of at most {SERVICE_NAME_BYTES_MAX} bytes");
        return Err(Fault::new(format!("{text:?} is not a name"), hint));
    }
    Ok(name.to_owned())
}

fn parse_count(text: &str) -> Result<usize, Fault> {
    text.trim().parse().map_err(|_| {
        Fault::new(format!("{text:?} is not a whole number"), "write digits only, for example 64")
    })
}

fn find_choice<'a>(choices: &'a [Choice], text: &str) -> Result<&'a Choice, Fault> {
    choices.iter().find(|choice| choice.word == text.trim()).ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|choice| choice.word).collect();
        Fault::new(format!("{text:?} is not known here"), format!("use {}", words.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint<T>(result: Result<T, Fault>) -> String {
        result.err().map(|fault| fault.hint).unwrap_or_default()
    }

    #[test]
    fn addresses_need_an_ip_and_a_port() {
        assert!(parse_address("127.0.0.1:8080").is_ok());
        assert!(parse_address(" [::1]:0 ").is_ok());
        assert_eq!(hint(parse_address("localhost:80")), "write 127.0.0.1:80");
        assert_eq!(
            hint(parse_address("8080")),
            "write 127.0.0.1:8080, or 0.0.0.0:8080 for every address"
        );
        assert!(hint(parse_address(":8080")).contains("0.0.0.0:8080"));
        assert!(hint(parse_address("example.com:80")).contains("an IP address"));
    }

    #[test]
    fn networks_may_be_single_addresses_but_not_sloppy() {
        let networks = parse_networks("10.0.0.0/8, ::1 ,192.168.1.7").expect("three networks");
        let shown: Vec<String> = networks.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["10.0.0.0/8", "::1/128", "192.168.1.7/32"]);
        assert_eq!(parse_networks(""), Ok(Vec::new()));
        assert_eq!(hint(parse_networks("10.1.2.3/8")), "write 10.0.0.0/8 or 10.1.2.3/32");
        assert!(hint(parse_networks("10.0.0.0/99")).contains("CIDR"));
    }

    #[test]
    fn name_servers_may_have_a_port() {
        let shown = |text: &str| parse_server(text).map(|server| server.to_string());
        assert_eq!(shown("10.0.0.53").as_deref(), Ok("10.0.0.53:53"));
        assert_eq!(shown("127.0.0.1:5353").as_deref(), Ok("127.0.0.1:5353"));
        assert_eq!(shown("::1").as_deref(), Ok("[::1]:53"));
        assert_eq!(shown("[::1]:54").as_deref(), Ok("[::1]:54"));
        assert!(hint(parse_server("dns.example")).contains("an IP address"));
    }

    #[test]
    fn collectors_have_whole_urls_and_keep_their_secrets() {
        assert!(parse_url("http://127.0.0.1:4318").is_ok());
        assert!(parse_url("https://otel.example/base/").is_ok());
        for (text, fault) in [
            ("127.0.0.1:4318", "for example http://127.0.0.1:4318"),
            ("localhost:4318", "only http and https"),
            ("grpc://a.example", "only http and https"),
            ("http://a.example/?key=x", "leave out"),
            ("http://user:hidden@a.example", "POSTRIDER_OTEL_HEADERS"),
        ] {
            let found = parse_url(text).expect_err(text);
            assert!(found.hint.contains(fault) && !found.what.contains("hidden"), "{found:?}");
        }
    }

    #[test]
    fn shares_are_of_one() {
        for (text, parts) in [("0", 0), ("1", 1_000_000), ("1.0", 1_000_000), (" 0.01 ", 10_000)] {
            assert_eq!(parse_share(text), Ok(parts));
        }
        assert_eq!(parse_share("0.000001"), Ok(1));
        for text in ["", ".5", "1.1", "-0.1", "+1", "1%", "0.0000001", "1e-2", "NaN", "99999"] {
            assert!(parse_share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_one_line() {
        assert_eq!(parse_name(" postrider eu "), Ok("postrider eu".to_owned()));
        for text in ["", " ", "a\nb", &"x".repeat(256)] {
            assert!(parse_name(text).is_err());
        }
    }

    #[test]
    fn bounds_include_both_ends() {
        let bounds = Bounds { least: 1, most: 3 };
        let check = |value: usize| bounds.check("it", value, |count| count.to_string());
        assert_eq!(check(1), Ok(1));
        assert_eq!(check(3), Ok(3));
        assert_eq!(hint(check(0)), "the least is 1");
        assert_eq!(hint(check(4)), "the most is 3");
    }

    #[test]
    fn texts_become_toml() {
        let field: Field<Vec<IpNet>> = |config| &mut config.egress.allow;
        assert_eq!(Kind::Networks(field).as_toml("::1, ::2"), "[\"::1\", \"::2\"]");
        assert_eq!(Kind::Path(|config| &mut config.data_dir).as_toml("a b"), "\"a b\"");
    }
}
