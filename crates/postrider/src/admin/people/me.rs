//! `GET /api/v1/me`: who asks, and what they may do.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::auth::Caller;
use crate::admin::routes::Right;

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// The name of a user, or what stands for one.
    name: String,
    /// `viewer`, `payload_viewer`, `editor` or `admin`.
    role: &'static str,
    /// `session`, `token`, `cookie_file` or `off`.
    auth: &'static str,
    /// `view`, `payload`, `edit` and `admin`, as far as the role goes.
    rights: Vec<&'static str>,
}

impl From<&Caller> for Me {
    fn from(caller: &Caller) -> Self {
        let rights = [Right::View, Right::Payload, Right::Edit, Right::Admin];
        let rights = rights.into_iter().filter(|right| caller.may(*right));
        Self {
            name: caller.name.clone(),
            role: caller.role.as_str(),
            auth: caller.way.word(),
            rights: rights.map(Right::word).collect(),
        }
    }
}

/// Says who asks, and what they may do.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    tag = "People",
    responses((status = 200, description = "Who asks", body = Me))
)]
pub async fn show(caller: Caller) -> Json<Me> {
    Json(Me::from(&caller))
}
