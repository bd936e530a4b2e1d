//! A courier: takes bytes to one place that the operator has named, apart from all deliveries.
//!
//! It has a connection of its own for each errand, as errands are few, and all bounds of attempts.

use std::rc::Rc;

use bytes::Bytes;
use domain::delivery::Outcome;
use http::header::{HOST, HeaderMap};
use http::{Method, Uri};
use url::Url;

use super::answer::Answer;
use super::excerpt::Excerpts;
use super::failure::Failure;
use super::host_value;
use super::journey::Journey;
use super::letter::{Letter, Shared};
use super::outlet::{Origin, Outlet};
use super::pool::Pool;
use super::secrets::Secrets;

/// Takes bytes to one place.
pub struct Courier {
    outlet: Rc<Outlet>,
    origin: Origin,
    asked: Uri,
    headers: Rc<Shared>,
}

impl Courier {
    /// A courier to a URL, which has these headers with him.
    ///
    /// # Errors
    /// Why nobody can go there.
    pub fn new(url: &Url, mut headers: HeaderMap, outlet: Outlet) -> Result<Self, String> {
        let origin = Origin::of(url)?;
        let asked = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let asked = Uri::try_from(asked).map_err(|error| error.to_string())?;
        headers.insert(HOST, host_value(&origin)?);
        let headers = Rc::new(headers.into());
        Ok(Self { outlet: Rc::new(outlet), origin, asked, headers })
    }

    /// Posts bytes; tells what the answer means.
    ///
    /// # Cancellation
    /// They may have been taken.
    pub async fn post(&self, body: Bytes) -> Outcome {
        let journey = Journey::default();
        let limit = self.outlet.settings().timeout;
        match tokio::time::timeout(limit, self.ask(body, &journey)).await {
            Ok(Ok((answer, pool))) => answer.judge(&pool).await.0,
            Ok(Err(failure)) => failure.outcome(),
            Err(_) => Failure::late(journey.step(), limit).outcome(),
        }
    }

    async fn ask(&self, body: Bytes, journey: &Journey) -> Result<(Answer, Rc<Pool>), Failure> {
        let (origin, tls) = (self.origin.clone(), self.outlet.tls());
        let excerpts = Excerpts::new(Secrets::among(std::iter::empty()));
        let pool = Pool::new(origin, tls, self.outlet.clone(), excerpts);
        let pool = pool.map_err(|error| Failure::bad_part("origin", &error))?;
        let (asked, shared) = (self.asked.clone(), self.headers.clone());
        let letter = Letter { method: Method::POST, asked, shared, own: HeaderMap::new(), body };
        let lease = pool.made(None, journey).await?;
        Ok((pool.ask(lease, &letter, journey).await?, pool))
    }
}
