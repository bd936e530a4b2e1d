//! `GET /api/v1/series`: how much happened when, for charts; and how each destination has fared.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::id::{DestinationId, SourceId};
use domain::limits;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Happenings, Scope, SeriesPoint, SeriesQuery, Spread};
use utoipa::{IntoParams, ToSchema};

use super::Needs;
use super::asked::Query;
use super::attempts::time;
use super::problem::Problem;
use crate::clock;
use crate::live::Moment;

/// Which series.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// `accepted` for what came in, `deliveries` for what became of it, `latency` for how long it took
    /// until events were delivered, `attempts` for how long attempts took; where it is left out, all of
    /// these but attempts.
    #[serde(default)]
    #[param(inline, required = false)]
    of: Of,
    /// Only what came from this source.
    #[param(value_type = Option<String>)]
    source: Option<SourceId>,
    /// Only deliveries to this destination.
    #[param(value_type = Option<String>)]
    destination: Option<DestinationId>,
    /// From this time on, with its zone; an hour before `to` by itself.
    from: Option<String>,
    /// Up to this time; now by itself.
    to: Option<String>,
    /// How long a point is: `1s`, `1m`, `5m`, `15m`, `1h` or `1d`. Seconds are known of the last hour.
    #[serde(default)]
    #[param(inline, required = false)]
    bucket: Bucket,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Of {
    #[default]
    All,
    Accepted,
    Deliveries,
    Latency,
    Attempts,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, ToSchema)]
enum Bucket {
    #[serde(rename = "1s")]
    Second,
    #[default]
    #[serde(rename = "1m")]
    Minute,
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "15m")]
    Quarter,
    #[serde(rename = "1h")]
    Hour,
    #[serde(rename = "1d")]
    Day,
}

/// The series.
#[derive(Debug, Serialize, ToSchema)]
pub struct Series {
    /// Milliseconds of a point.
    bucket_ms: i64,
    /// In order, those without anything too. The last one may not be over yet.
    points: Vec<Point>,
}

/// What happened in one span. What was not asked for is left out.
#[derive(Debug, Default, Serialize, ToSchema)]
struct Point {
    /// When it begins.
    #[schema(format = DateTime)]
    at: String,
    /// Events stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<u64>,
    /// Requests and events refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<u64>,
    /// Deliveries that succeeded at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_first_try: Option<u64>,
    /// Deliveries that succeeded later.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_on_retry: Option<u64>,
    /// Deliveries given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    gave_up: Option<u64>,
    /// Deliveries whose event was gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    expired: Option<u64>,
    /// Attempts that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_attempts: Option<u64>,
    /// Attempts made.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u64>,
    /// How long half of them took at most, in milliseconds; null where there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    p50_ms: Option<Option<f64>>,
    /// How long 95 of 100 took at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    p95_ms: Option<Option<f64>>,
    /// How long 99 of 100 took at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    p99_ms: Option<Option<f64>>,
}

/// How each destination has fared.
#[derive(Debug, Serialize, ToSchema)]
pub struct DestinationsFared {
    /// When the first minute begins.
    #[schema(format = DateTime)]
    from: String,
    /// Those to which something happened, by id.
    destinations: Vec<DestinationFared>,
}

/// How a destination has fared.
#[derive(Debug, Serialize, ToSchema)]
struct DestinationFared {
    #[schema(value_type = String)]
    destination: DestinationId,
    /// What happened in all, and how long it took until events were delivered.
    sum: Point,
    /// How many deliveries succeeded, minute by minute; the last one may not be over yet.
    delivered: Vec<u64>,
}

impl Bucket {
    fn ms(self) -> i64 {
        match self {
            Self::Second => 1_000,
            Self::Minute => 60_000,
            Self::FiveMinutes => 300_000,
            Self::Quarter => 900_000,
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }
}

/// Says how much happened when.
#[utoipa::path(
    get,
    path = "/api/v1/series",
    tag = "System",
    params(Asked),
    responses(
        (status = 200, description = "A point for each span", body = Series),
        (status = 400, description = "A parameter cannot be understood, or asks for too many points", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(needs): State<Arc<Needs>>,
    Query(asked): Query<Asked>,
) -> Result<Json<Series>, Problem> {
    let scope = asked.scope()?;
    let (from, to) = asked.span(clock::now())?;
    let (of, bucket_ms) = (asked.of, asked.bucket.ms());
    let mut found = match asked.bucket {
        Bucket::Second => of_seconds(&needs, of, &scope, (from, to)),
        _ => of_minutes(&needs, of, scope, (from, to), bucket_ms).await?,
    };
    let starts = (from.0..to.0).step_by(usize::try_from(bucket_ms).unwrap_or(usize::MAX));
    let points = starts.map(|at| {
        let point = found.remove(&at).unwrap_or_else(|| Point::new(of, &Happenings::default()));
        Point { at: Timestamp(at).to_string(), ..point }
    });
    Ok(Json(Series { bucket_ms, points: points.collect() }))
}

/// Says how each destination has fared in the last hour: what a table has of all of them, at once.
#[utoipa::path(
    get,
    path = "/api/v1/series/destinations",
    tag = "System",
    responses(
        (status = 200, description = "Those to which something happened", body = DestinationsFared),
    )
)]
pub async fn by_destination(
    State(needs): State<Arc<Needs>>,
) -> Result<Json<DestinationsFared>, Problem> {
    let (from, to) = Asked::default().span(clock::now())?;
    let found = needs.store.ledger.series_by_destination(from, to).await?;
    let fared = |(destination, points): (_, Vec<SeriesPoint>)| {
        DestinationFared::of(destination, &points, (from, to))
    };
    let destinations = found.into_iter().map(fared).collect();
    Ok(Json(DestinationsFared { from: from.to_string(), destinations }))
}

impl DestinationFared {
    fn of(
        destination: DestinationId,
        points: &[SeriesPoint],
        (from, to): (Timestamp, Timestamp),
    ) -> Self {
        let minutes = (to.0 - from.0) / Bucket::Minute.ms();
        let mut delivered = vec![0; usize::try_from(minutes).unwrap_or(0)];
        let mut sum = Happenings::default();
        for SeriesPoint { at, happenings } in points {
            let minute = (at.0 - from.0) / Bucket::Minute.ms();
            if let Some(place) = usize::try_from(minute).ok().and_then(|at| delivered.get_mut(at)) {
                *place = happenings.delivered_first_try + happenings.delivered_on_retry;
            }
            sum.merge(happenings);
        }
        let point = Point { at: from.to_string(), ..Point::default() };
        let sum = point.with_deliveries(&sum).with_times(&sum.until_delivered);
        Self { destination, sum, delivered }
    }
}

async fn of_minutes(
    needs: &Needs,
    of: Of,
    scope: Scope,
    (from, to): (Timestamp, Timestamp),
    bucket_ms: i64,
) -> Result<BTreeMap<i64, Point>, Problem> {
    let bucket_minutes = u32::try_from(bucket_ms / 60_000).unwrap_or(1);
    let query = SeriesQuery { scope, from, to, bucket_minutes };
    let points = needs.store.ledger.series(query).await?;
    Ok(points.iter().map(|one| (one.at.0, Point::new(of, &one.happenings))).collect())
}

fn of_seconds(
    needs: &Needs,
    of: Of,
    scope: &Scope,
    (from, to): (Timestamp, Timestamp),
) -> BTreeMap<i64, Point> {
    let moments = needs.gauges.seconds.read(scope, from, to);
    let point = |(second, moment)| (second * 1_000, Point::new(of, &happenings(moment)));
    moments.into_iter().map(point).collect()
}

fn happenings(moment: Moment) -> Happenings {
    Happenings {
        accepted: moment.accepted,
        rejected: moment.rejected,
        delivered_first_try: moment.delivered_first_try,
        delivered_on_retry: moment.delivered_on_retry,
        gave_up: moment.gave_up,
        expired: moment.expired,
        failed_attempts: moment.failed_attempts,
        ..Happenings::default()
    }
}

impl Asked {
    fn scope(&self) -> Result<Scope, Problem> {
        match (self.of, &self.source, &self.destination) {
            (Of::All, None, None) => Ok(Scope::All),
            (Of::All | Of::Accepted, source, None) => Ok(Scope::Intake(source.clone())),
            (Of::All | Of::Deliveries | Of::Latency | Of::Attempts, None, destination) => {
                Ok(Scope::Deliveries(destination.clone()))
            }
            _ => {
                let detail = "what comes in is counted by source, and deliveries by destination: \
                              ask for one of them";
                Err(Problem::new(400, "bad_query", detail))
            }
        }
    }

    /// From when to when, both at the beginning of a point.
    fn span(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), Problem> {
        let bucket = self.bucket.ms();
        let to = time("to", self.to.clone())?.unwrap_or(now);
        let hour_before = Timestamp(to.0.saturating_sub(3_600_000));
        let from = time("from", self.from.clone())?.unwrap_or(hour_before);
        let from = from.0.div_euclid(bucket).saturating_mul(bucket);
        let to = to.0.saturating_add(bucket - 1).div_euclid(bucket).saturating_mul(bucket);
        if to.saturating_sub(from) / bucket > limits::SERIES_POINTS_MAX {
            let most = limits::SERIES_POINTS_MAX;
            let detail = format!("that is more than {most} points; ask for longer ones");
            return Err(Problem::new(400, "too_many_points", detail));
        }
        Ok((Timestamp(from), Timestamp(to)))
    }
}

impl Point {
    fn new(of: Of, happenings: &Happenings) -> Self {
        let point = Self::default();
        let point = match of {
            Of::All | Of::Accepted => point.with_intake(happenings),
            _ => point,
        };
        let point = match of {
            Of::All | Of::Deliveries => point.with_deliveries(happenings),
            _ => point,
        };
        match of {
            Of::All | Of::Latency => point.with_times(&happenings.until_delivered),
            Of::Attempts => Self {
                attempts: Some(happenings.took.count()),
                failed_attempts: Some(happenings.failed_attempts),
                ..point.with_times(&happenings.took)
            },
            Of::Accepted | Of::Deliveries => point,
        }
    }

    fn with_intake(self, happenings: &Happenings) -> Self {
        let (accepted, rejected) = (Some(happenings.accepted), Some(happenings.rejected));
        Self { accepted, rejected, ..self }
    }

    fn with_deliveries(self, happenings: &Happenings) -> Self {
        Self {
            delivered_first_try: Some(happenings.delivered_first_try),
            delivered_on_retry: Some(happenings.delivered_on_retry),
            gave_up: Some(happenings.gave_up),
            expired: Some(happenings.expired),
            failed_attempts: Some(happenings.failed_attempts),
            ..self
        }
    }

    fn with_times(self, spread: &Spread) -> Self {
        let ms = |part| spread.quantile(part).map(|us| (us / 10.0).round() / 100.0);
        let [p50_ms, p95_ms, p99_ms] = [0.5, 0.95, 0.99].map(|part| Some(ms(part)));
        Self { p50_ms, p95_ms, p99_ms, ..self }
    }
}
