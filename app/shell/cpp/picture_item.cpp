#include "picture_item.h"

#include <QtQuick/QQuickWindow>
#include <QtQuick/QSGImageNode>

PictureItem::PictureItem(QQuickItem *parent)
    : QQuickItem(parent)
{
    setFlag(ItemHasContents);
    setClip(true);
}

void PictureItem::setPicture(const QImage &picture)
{
    m_picture = picture;
    m_changed = true;
    update();
}

void PictureItem::setPlace(const QRectF &place)
{
    m_place = place;
    update();
}

qreal PictureItem::pixelRatio() const
{
    return window() ? window()->effectiveDevicePixelRatio() : 1.0;
}

QSGNode *PictureItem::updatePaintNode(QSGNode *node, UpdatePaintNodeData *)
{
    if (m_picture.isNull() || m_place.isEmpty()) {
        delete node;
        m_changed = !m_picture.isNull();
        return nullptr;
    }
    auto *image = static_cast<QSGImageNode *>(node);
    if (!image) {
        image = window()->createImageNode();
        image->setOwnsTexture(true);
        m_changed = true;
    }
    if (m_changed) {
        image->setTexture(window()->createTextureFromImage(m_picture, QQuickWindow::TextureHasAlphaChannel));
        m_changed = false;
    }
    // A picture shown pixel by pixel stays crisp; one that waits for a redraw at another size is smoothed.
    const QSizeF shown = m_place.size() * pixelRatio();
    const bool exact = qAbs(shown.width() - m_picture.width()) < 0.01 && qAbs(shown.height() - m_picture.height()) < 0.01;
    image->setFiltering(exact ? QSGTexture::Nearest : QSGTexture::Linear);
    image->setRect(m_place);
    return image;
}

void PictureItem::geometryChange(const QRectF &geometry, const QRectF &before)
{
    QQuickItem::geometryChange(geometry, before);
    if (geometry.size() != before.size())
        resized();
}

void PictureItem::itemChange(ItemChange change, const ItemChangeData &value)
{
    QQuickItem::itemChange(change, value);
    if (change == ItemDevicePixelRatioHasChanged || change == ItemSceneChange)
        resized();
}
